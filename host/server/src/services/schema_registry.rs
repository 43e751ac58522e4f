//! `danube_schema.SchemaRegistry`.

use crate::access::Access;
use crate::status::refuse;
use irongate_broker::Broker;
use irongate_proto::danube_schema::schema_registry_server::SchemaRegistry;
use irongate_proto::danube_schema::{
    CheckCompatibilityRequest, CheckCompatibilityResponse, ConfigureTopicSchemaRequest, ConfigureTopicSchemaResponse,
    DeleteSchemaVersionRequest, DeleteSchemaVersionResponse, GetLatestSchemaRequest, GetSchemaRequest,
    GetSchemaResponse, GetTopicSchemaConfigRequest, GetTopicSchemaConfigResponse, ListSubjectsRequest,
    ListSubjectsResponse, ListVersionsRequest, ListVersionsResponse, RegisterSchemaRequest, RegisterSchemaResponse,
    SetCompatibilityModeRequest, SetCompatibilityModeResponse, UpdateTopicValidationPolicyRequest,
    UpdateTopicValidationPolicyResponse,
};
use tonic::{Request, Response, Status};

pub(crate) struct Registry {
    broker: Broker,
    access: Access,
}

impl Registry {
    pub(crate) fn new(broker: Broker, access: Access) -> Self {
        Self { broker, access }
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl SchemaRegistry for Registry {
    async fn register_schema(&self, request: Request<RegisterSchemaRequest>) -> Answer<RegisterSchemaResponse> {
        self.access.everywhere(&request, "a schema subject")?;
        self.broker.register_schema(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn get_schema(&self, request: Request<GetSchemaRequest>) -> Answer<GetSchemaResponse> {
        self.broker.get_schema(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn get_latest_schema(&self, request: Request<GetLatestSchemaRequest>) -> Answer<GetSchemaResponse> {
        self.broker.get_latest_schema(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn list_versions(&self, request: Request<ListVersionsRequest>) -> Answer<ListVersionsResponse> {
        self.broker.list_versions(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn check_compatibility(
        &self,
        request: Request<CheckCompatibilityRequest>,
    ) -> Answer<CheckCompatibilityResponse> {
        self.broker.check_compatibility(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn delete_schema_version(
        &self,
        request: Request<DeleteSchemaVersionRequest>,
    ) -> Answer<DeleteSchemaVersionResponse> {
        self.access.everywhere(&request, "a schema subject")?;
        self.broker.delete_schema_version(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn set_compatibility_mode(
        &self,
        request: Request<SetCompatibilityModeRequest>,
    ) -> Answer<SetCompatibilityModeResponse> {
        self.access.everywhere(&request, "a schema subject")?;
        self.broker.set_compatibility_mode(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn configure_topic_schema(
        &self,
        request: Request<ConfigureTopicSchemaRequest>,
    ) -> Answer<ConfigureTopicSchemaResponse> {
        self.access.topic(&request, &request.get_ref().topic_name)?;
        self.broker.configure_topic_schema(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn update_topic_validation_policy(
        &self,
        request: Request<UpdateTopicValidationPolicyRequest>,
    ) -> Answer<UpdateTopicValidationPolicyResponse> {
        self.access.topic(&request, &request.get_ref().topic_name)?;
        self.broker.update_topic_validation_policy(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn get_topic_schema_config(
        &self,
        request: Request<GetTopicSchemaConfigRequest>,
    ) -> Answer<GetTopicSchemaConfigResponse> {
        self.access.topic(&request, &request.get_ref().topic_name)?;
        self.broker.get_topic_schema_config(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn list_subjects(&self, request: Request<ListSubjectsRequest>) -> Answer<ListSubjectsResponse> {
        self.broker.list_subjects(request.into_inner()).await.map(Response::new).map_err(refuse)
    }
}
