//! The cache of compiled components: used where it is good, replaced where it is not, never in the way.

use std::{fs, path::PathBuf};

use irongate_runtime::{EngineLimits, Runtime, RuntimeConfig};

use crate::guests::hostile_bytes;

fn runtime(folder: PathBuf) -> Runtime {
    let limits = EngineLimits { instances_max: 1, ..EngineLimits::default() };
    Runtime::new(RuntimeConfig { cache_folder: Some(folder), limits }).expect("the runtime starts")
}

fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    entries.map(|entry| entry.expect("it can be read").path()).collect()
}

#[test]
fn the_second_load_does_not_compile_and_a_damaged_file_is_replaced() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("compiled");
    let bytes = hostile_bytes("trap");
    let first = runtime(folder.clone()).load(&bytes).unwrap();
    assert!(!first.was_cached());

    let kept = files(&folder);
    assert_eq!(kept.len(), 1);
    let name = kept[0].file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with(first.sha256()) && name.ends_with(".cwasm"), "{name}");
    assert!(runtime(folder.clone()).load(&bytes).unwrap().was_cached());

    let mut code = fs::read(&kept[0]).unwrap();
    let middle = code.len() / 2;
    code[middle] ^= 1;
    fs::write(&kept[0], &code).unwrap();
    assert!(!runtime(folder.clone()).load(&bytes).unwrap().was_cached());
    assert!(runtime(folder.clone()).load(&bytes).unwrap().was_cached());

    fs::write(&kept[0], b"").unwrap();
    assert!(!runtime(folder).load(&bytes).unwrap().was_cached());
}

#[test]
fn another_engine_does_not_take_this_one_s_code() {
    let home = tempfile::tempdir().unwrap();
    let bytes = hostile_bytes("trap");
    runtime(home.path().into()).load(&bytes).unwrap();
    let limits = EngineLimits { instances_max: 1, counts_fuel: true, ..EngineLimits::default() };
    let other = Runtime::new(RuntimeConfig { cache_folder: Some(home.path().into()), limits }).unwrap();
    assert!(!other.load(&bytes).unwrap().was_cached());
    assert_eq!(files(home.path()).len(), 2);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, b"").unwrap();
    let Err(error) =
        Runtime::new(RuntimeConfig { cache_folder: Some(file.join("folder")), ..RuntimeConfig::default() })
    else {
        panic!("a folder was made inside a file")
    };
    assert!(error.to_string().contains("file/folder for compiled transforms cannot be used"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_can_write_to_is_refused() {
    use std::{error::Error, os::unix::fs::PermissionsExt};

    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let config = RuntimeConfig { cache_folder: Some(home.path().into()), ..RuntimeConfig::default() };
    let error = Runtime::new(config).err().expect("it is refused");
    assert!(error.source().is_some_and(|cause| cause.to_string().contains("others can write")), "{error}");
}
