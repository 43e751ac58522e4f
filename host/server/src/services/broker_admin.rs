//! `danube_admin.BrokerAdmin` of a cluster of one. What needs a second broker is refused
//! with a sentence.

use super::BROKER_ID;
use super::discovery::ClientUrl;
use crate::access::Access;
use crate::status::refuse;
use irongate_broker::{Broker, BrokerError};
use irongate_proto::danube_admin::broker_admin_server::BrokerAdmin;
use irongate_proto::danube_admin::{
    ActivateBrokerRequest, ActivateBrokerResponse, BrokerInfo, BrokerListResponse, BrokerLoadInfo, BrokerResponse,
    ClusterBalanceRequest, ClusterBalanceResponse, Empty, NamespaceListResponse, RebalanceRequest, RebalanceResponse,
    UnloadBrokerRequest, UnloadBrokerResponse,
};
use tonic::{Request, Response, Status};

pub(crate) struct Brokers {
    broker: Broker,
    access: Access,
}

impl Brokers {
    pub(crate) fn new(broker: Broker, access: Access) -> Self {
        Self { broker, access }
    }
}

/// Refuses an id that is not ours.
pub(super) fn check_broker(broker_id: &str) -> Result<(), Status> {
    if broker_id == BROKER_ID {
        return Ok(());
    }
    Err(Status::not_found(format!("there is no broker {broker_id}, the only one is {BROKER_ID}")))
}

#[tonic::async_trait]
impl BrokerAdmin for Brokers {
    async fn list_brokers(&self, request: Request<Empty>) -> Result<Response<BrokerListResponse>, Status> {
        self.access.everywhere(&request, "a broker")?;
        // Everything is on the one port under which the client came.
        let authority = request.extensions().get().map(|ClientUrl { authority, .. }| authority.to_string());
        let address = authority.unwrap_or_default();
        let broker = BrokerInfo {
            broker_id: BROKER_ID.to_owned(),
            broker_addr: address.clone(),
            broker_role: "Cluster_Leader".to_owned(),
            admin_addr: address.clone(),
            metrics_addr: address,
            broker_status: "active".to_owned(),
        };
        Ok(Response::new(BrokerListResponse { brokers: vec![broker] }))
    }

    async fn get_leader_broker(&self, request: Request<Empty>) -> Result<Response<BrokerResponse>, Status> {
        self.access.everywhere(&request, "a broker")?;
        Ok(Response::new(BrokerResponse { leader: BROKER_ID.to_owned() }))
    }

    async fn list_namespaces(&self, request: Request<Empty>) -> Result<Response<NamespaceListResponse>, Status> {
        let mut namespaces = self.broker.namespaces();
        if let Some(own) = self.access.namespaces(&request)? {
            namespaces.retain(|namespace| own.contains(namespace));
        }
        Ok(Response::new(NamespaceListResponse { namespaces }))
    }

    async fn unload_broker(
        &self,
        request: Request<UnloadBrokerRequest>,
    ) -> Result<Response<UnloadBrokerResponse>, Status> {
        self.access.everywhere(&request, "a broker")?;
        check_broker(&request.get_ref().broker_id)?;
        let what = "the only broker cannot be unloaded, there is no other to take its topics".to_owned();
        Err(refuse(BrokerError::Precondition { what }))
    }

    async fn activate_broker(
        &self,
        request: Request<ActivateBrokerRequest>,
    ) -> Result<Response<ActivateBrokerResponse>, Status> {
        self.access.everywhere(&request, "a broker")?;
        check_broker(&request.get_ref().broker_id)?;
        Ok(Response::new(ActivateBrokerResponse { success: true }))
    }

    async fn get_cluster_balance(
        &self,
        request: Request<ClusterBalanceRequest>,
    ) -> Result<Response<ClusterBalanceResponse>, Status> {
        self.access.everywhere(&request, "a broker")?;
        let topic_count = u32::try_from(self.broker.metrics().topics).unwrap_or(u32::MAX);
        let load = f64::from(topic_count);
        let broker_id = BROKER_ID.parse().unwrap_or_default();
        let broker = BrokerLoadInfo { broker_id, load, topic_count, is_overloaded: false, is_underloaded: false };
        Ok(Response::new(ClusterBalanceResponse {
            coefficient_of_variation: 0.0,
            mean_load: load,
            max_load: load,
            min_load: load,
            std_deviation: 0.0,
            broker_count: 1,
            brokers: vec![broker],
            assignment_strategy: "fair".to_owned(),
        }))
    }

    /// One broker is always in balance: no move is proposed or made.
    async fn trigger_rebalance(
        &self,
        request: Request<RebalanceRequest>,
    ) -> Result<Response<RebalanceResponse>, Status> {
        self.access.everywhere(&request, "a broker")?;
        Ok(Response::new(RebalanceResponse { success: true, ..RebalanceResponse::default() }))
    }
}
