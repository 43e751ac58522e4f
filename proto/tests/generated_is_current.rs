//! The checked-in stubs are what the `.proto` files say. With `IRONGATE_REGENERATE=1`
//! this writes them instead of comparing.

use std::{fs, path::Path};

const FILES: [&str; 7] = [
    "danube.rs",
    "danube_schema.rs",
    "danube_admin.rs",
    "irongate.v1.rs",
    "irongate.pipelines.v1.rs",
    "irongate.backup.v1.rs",
    "irongate.transforms.v1.rs",
];

#[test]
fn generated_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checked_in = root.join("src/generated");
    let fresh = tempfile::tempdir().expect("a temporary directory can be created");
    let files = [
        "danube.proto",
        "danube_schema.proto",
        "danube_admin.proto",
        "irongate.proto",
        "irongate_pipelines.proto",
        "irongate_backup.proto",
        "irongate_transforms.proto",
    ];
    let descriptors = protox::compile(files, [root]).expect("the contracts compile");
    tonic_prost_build::configure()
        .build_transport(false)
        .bytes(".")
        .client_mod_attribute(".", "#[cfg(feature = \"client\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"server\")]")
        .out_dir(fresh.path())
        .compile_fds(descriptors)
        .expect("code can be generated");
    for file in FILES {
        let new = fs::read_to_string(fresh.path().join(file)).expect("the generator wrote the file");
        if std::env::var_os("IRONGATE_REGENERATE").is_some() {
            fs::create_dir_all(&checked_in).expect("the folder can be made");
            fs::write(checked_in.join(file), new).expect("the file can be written");
        } else {
            let old = fs::read_to_string(checked_in.join(file)).unwrap_or_default();
            assert!(old == new, "proto/src/generated/{file} is not what the .proto files say");
        }
    }
}
