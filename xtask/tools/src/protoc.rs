//! Enough of `protoc` for the build scripts of foreign crates: it compiles `.proto`
//! files into a descriptor set with protox. It generates no code and knows no plugin.

use std::{ffi::OsString, fs, path::PathBuf};

use anyhow::{Context, bail};

/// What one call asks for; flags as `protoc` spells them.
#[derive(Debug, Default, PartialEq)]
struct Request {
    includes: Vec<PathBuf>,
    files: Vec<PathBuf>,
    descriptor_set: Option<PathBuf>,
    with_imports: bool,
    with_source_info: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--version") {
        println!("libprotoc 25.0 (protox)");
        return Ok(());
    }
    compile(&parse(arguments)?)
}

/// # Errors
/// An argument that this program does not understand, or none that names a file.
fn parse(arguments: Vec<OsString>) -> anyhow::Result<Request> {
    let mut request = Request::default();
    let mut rest = arguments.into_iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy().into_owned();
        let mut value = |flag: &str| rest.next().with_context(|| format!("{flag} needs a value"));
        match text.as_str() {
            "-I" | "--proto_path" => request.includes.push(value("-I")?.into()),
            "-o" | "--descriptor_set_out" => request.descriptor_set = Some(value("-o")?.into()),
            "--include_imports" => request.with_imports = true,
            "--include_source_info" => request.with_source_info = true,
            // Optional fields have long been part of proto3; protox always accepts them.
            "--experimental_allow_proto3_optional" => {}
            _ => match text.split_once('=') {
                Some(("--proto_path", path)) => request.includes.push(path.into()),
                Some(("--descriptor_set_out", path)) => request.descriptor_set = Some(path.into()),
                _ if text.starts_with("-I") => request.includes.push(text["-I".len()..].into()),
                _ if text.starts_with('-') => bail!("this protoc does not know the argument {text}"),
                _ => request.files.push(argument.into()),
            },
        }
    }
    if request.files.is_empty() {
        bail!("no .proto file was named");
    }
    Ok(request)
}

fn compile(request: &Request) -> anyhow::Result<()> {
    let target = request.descriptor_set.as_ref().context("name the descriptor set to write: -o FILE")?;
    let mut compiler = protox::Compiler::new(&request.includes)?;
    compiler.include_imports(request.with_imports).include_source_info(request.with_source_info);
    compiler.open_files(&request.files)?;
    fs::write(target, compiler.encode_file_descriptor_set())
        .with_context(|| format!("cannot write {}", target.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &[&str]) -> anyhow::Result<Request> {
        parse(words.iter().map(OsString::from).collect())
    }

    #[test]
    fn understands_what_prost_build_passes() {
        let request = parse_words(&[
            "--include_imports",
            "--include_source_info",
            "-o",
            "out.bin",
            "-I",
            "proto",
            "--experimental_allow_proto3_optional",
            "proto/a.proto",
        ])
        .unwrap();
        assert_eq!(request.includes, [PathBuf::from("proto")]);
        assert_eq!(request.files, [PathBuf::from("proto/a.proto")]);
        assert_eq!(request.descriptor_set, Some("out.bin".into()));
        assert!(request.with_imports && request.with_source_info);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let error = parse_words(&["--rust_out=x", "a.proto"]).unwrap_err();
        assert!(error.to_string().contains("--rust_out=x"), "{error}");
    }

    #[test]
    fn writes_a_descriptor_set_with_imports() {
        let folder = std::env::temp_dir().join(format!("irongate-protoc-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("b.proto"), "syntax = \"proto3\"; message B {}").unwrap();
        fs::write(folder.join("a.proto"), "syntax = \"proto3\"; import \"b.proto\"; message A { optional B b = 1; }")
            .unwrap();
        let out = folder.join("out.bin");
        compile(&Request {
            includes: vec![folder.clone()],
            files: vec![folder.join("a.proto")],
            descriptor_set: Some(out.clone()),
            with_imports: true,
            with_source_info: false,
        })
        .unwrap();
        let bytes = fs::read(&out).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert!(bytes.windows(7).any(|window| window == b"b.proto"), "the import is in the set");
    }
}
