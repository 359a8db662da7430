//! A container engine for tests: the part of the Docker Engine API that is used, on a socket, with images and containers
//! that are kept and programs that are closures.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use services::containers::{Address, Engine};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use test_support::{Reply, Request, Server};
use tokio::sync::watch;

/// What a container's program sees of its container.
pub(crate) struct Seen {
    /// What the container was made with.
    pub(crate) spec: Value,
    /// The files that were put into it, by their paths.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

impl Seen {
    /// A variable of the environment.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let variables = self.spec["Env"].as_array().into_iter().flatten();
        let mut pairs = variables.filter_map(|pair| pair.as_str()?.split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// What a program does.
#[derive(Clone, Default)]
pub(crate) struct Ran {
    /// What it prints: the stream, and the text.
    pub(crate) prints: Vec<(u8, String)>,
    /// The files that it leaves.
    pub(crate) leaves: Vec<(String, Vec<u8>)>,
    pub(crate) code: i64,
    /// Whether it goes on until it is stopped.
    pub(crate) goes_on: bool,
}

type Program = Box<dyn Fn(&Seen) -> Result<Ran, String> + Send + Sync>;

/// An image: its configuration and its layers, lowest first.
#[derive(Clone)]
struct Image {
    config: Vec<u8>,
    layers: Vec<Vec<u8>>,
}

struct Container {
    seen: Seen,
    ran: Ran,
    ended: watch::Sender<Option<i64>>,
}

/// The engine.
pub(crate) struct Fake {
    name: String,
    program: Program,
    state: Mutex<Known>,
    _server: Server,
    _folder: tempfile::TempDir,
}

#[derive(Default)]
struct Known {
    images: BTreeMap<String, Image>,
    containers: BTreeMap<String, Container>,
    /// Every request: method, path, and the query decoded.
    requests: Vec<String>,
    /// The files of the last build's context.
    context: BTreeMap<String, Vec<u8>>,
}

/// This machine's name, by which an engine that runs on it is told from one that does not. Elsewhere than on Linux it has none.
pub(crate) fn machine() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// An engine on a machine of this name, all of whose containers run `program`; and the way to it.
pub(crate) async fn engine(
    name: &str,
    program: impl Fn(&Seen) -> Result<Ran, String> + Send + Sync + 'static,
) -> (Arc<Fake>, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("engine.sock");
    let fake = Arc::new_cyclic(|fake: &Weak<Fake>| {
        let fake = fake.clone();
        let answer = move |request| {
            let fake = fake.clone();
            async move {
                match fake.upgrade() {
                    Some(fake) => answer(&fake, request).await,
                    None => Reply::cut_off(),
                }
            }
        };
        Fake {
            name: name.to_owned(),
            program: Box::new(program),
            state: Mutex::default(),
            _server: Server::start_at(&socket, answer),
            _folder: folder,
        }
    });
    let engine = Engine::at(Address::Unix(socket)).await.unwrap();
    (fake, engine)
}

impl Fake {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.state.lock().unwrap()
    }

    /// The requests whose text has this in it.
    pub(crate) fn requests(&self, part: &str) -> Vec<String> {
        let known = self.lock();
        known
            .requests
            .iter()
            .filter(|request| request.contains(part))
            .cloned()
            .collect()
    }

    /// The ids of the images.
    pub(crate) fn images(&self) -> Vec<String> {
        self.lock().images.keys().cloned().collect()
    }

    /// Loses all images.
    pub(crate) fn forget(&self) {
        self.lock().images.clear();
    }

    /// How many containers there are, running or not.
    pub(crate) fn containers(&self) -> usize {
        self.lock().containers.len()
    }

    /// The paths in the context of the last build.
    pub(crate) fn context(&self) -> Vec<String> {
        self.lock().context.keys().cloned().collect()
    }

    fn keep(&self, image: Image) -> String {
        let id = digest(&image.config);
        self.lock().images.insert(id.clone(), image);
        id
    }

    /// Carries a Dockerfile out as far as the tests need it: its COPY is a layer, and RUN false fails.
    fn build(&self, context: &[u8]) -> String {
        let files = unpack(context);
        let dockerfile = String::from_utf8_lossy(&files["Dockerfile"]).into_owned();
        let copied = files.get("app/src/hello.py").cloned().unwrap_or_default();
        self.lock().context = files;
        let mut told = String::new();
        for line in dockerfile.lines().filter(|line| !line.starts_with('#')) {
            told += &format!("{}\r\n", json!({"stream": format!("Step : {line}\n")}));
            if line.starts_with("RUN false") {
                let message = "The command '/bin/sh -c false' returned a non-zero code: 1";
                return told + &json!({"error": message, "errorDetail": {"message": message}}).to_string();
            }
        }
        let layers = vec![
            pack([("etc/base", b"the base image".as_slice())]),
            pack([("opt/program/src/hello.py", copied.as_slice())]),
        ];
        let diff_ids: Vec<String> = layers.iter().map(|layer| digest(layer)).collect();
        let config = json!({
            "architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "config": {"Entrypoint": ["python3", "/opt/program/src/hello.py"], "Env": ["PATH=/bin"], "WorkingDir": "/opt/program"},
        });
        let id = self.keep(Image {
            config: config.to_string().into_bytes(),
            layers,
        });
        told + &json!({"aux": {"ID": id}}).to_string()
    }

    fn save(&self, id: &str) -> Option<Vec<u8>> {
        let image = self.lock().images.get(id)?.clone();
        let hex = id.trim_start_matches("sha256:");
        let names: Vec<String> = (0..image.layers.len()).map(|at| format!("{at}.tar")).collect();
        let config = format!("{hex}.json");
        let manifest = json!([{"Config": config, "RepoTags": [], "Layers": names}]).to_string();
        let layers = names
            .iter()
            .map(String::as_str)
            .zip(image.layers.iter().map(Vec::as_slice));
        let others = [
            (config.as_str(), image.config.as_slice()),
            ("manifest.json", manifest.as_bytes()),
        ];
        Some(pack(layers.chain(others)))
    }

    fn load(&self, archive: &[u8]) -> String {
        let files = unpack(archive);
        let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
        let layers = manifest[0]["Layers"].as_array().unwrap().iter();
        let plain = |name: &Value| {
            let mut plain = Vec::new();
            let compressed = files[name.as_str().unwrap()].as_slice();
            flate2::read::GzDecoder::new(compressed)
                .read_to_end(&mut plain)
                .unwrap();
            plain
        };
        let image = Image {
            config: files[manifest[0]["Config"].as_str().unwrap()].clone(),
            layers: layers.map(plain).collect(),
        };
        // An engine takes no image whose layers are not those that its configuration names.
        let config: Value = serde_json::from_slice(&image.config).unwrap();
        let digests: Vec<String> = image.layers.iter().map(|layer| digest(layer)).collect();
        assert_eq!(config["rootfs"]["diff_ids"], json!(digests));
        format!(
            "{}\n",
            json!({"stream": format!("Loaded image ID: {}\n", self.keep(image))})
        )
    }

    fn create(&self, spec: &[u8]) -> Reply {
        let spec: Value = serde_json::from_slice(spec).unwrap();
        let mut known = self.lock();
        if !known.images.contains_key(spec["Image"].as_str().unwrap()) {
            return refusal(404, "No such image");
        }
        let id = format!("c{}", known.requests.len());
        let container = Container {
            seen: Seen {
                spec,
                files: BTreeMap::new(),
            },
            ran: Ran::default(),
            ended: watch::Sender::new(None),
        };
        known.containers.insert(id.clone(), container);
        Reply::new(201, json!({"Id": id, "Warnings": []}).to_string())
    }

    fn start(&self, container: &mut Container) -> Reply {
        match (self.program)(&container.seen) {
            Err(why) => refusal(400, &why),
            Ok(ran) => {
                container.seen.files.extend(ran.leaves.iter().cloned());
                container.ended.send_replace((!ran.goes_on).then_some(ran.code));
                container.ran = ran;
                Reply::new(204, "")
            }
        }
    }

    fn list(&self, filters: &str) -> Reply {
        let filters: Value = serde_json::from_str(filters).unwrap();
        let (key, value) = filters["label"][0].as_str().unwrap().split_once('=').unwrap();
        let known = self.lock();
        let of_it = known
            .containers
            .iter()
            .filter(|(_, container)| container.seen.spec["Labels"][key] == value);
        let ids: Vec<Value> = of_it.map(|(id, _)| json!({"Id": id})).collect();
        Reply::new(200, json!(ids).to_string())
    }
}

async fn answer(fake: &Fake, request: Request) -> Reply {
    let (method, path, body) = (request.method.as_str(), request.path(), &request.body);
    let query = percent_decode_str(request.query()).decode_utf8_lossy();
    fake.lock().requests.push(format!("{method} {path}?{query}"));
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default()
    };
    let path: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method, path.as_slice()) {
        ("GET", ["version"]) => Reply::new(
            200,
            json!({"Version": "27.0.3", "Components": [{"Name": "Engine"}]}).to_string(),
        ),
        ("GET", ["info"]) => Reply::new(200, json!({"Name": fake.name, "OSType": "linux"}).to_string()),
        ("POST", ["build"]) => Reply::new(200, fake.build(body)),
        ("POST", ["images", "load"]) => Reply::new(200, fake.load(body)),
        ("GET", ["images", id, "get"]) => match fake.save(id) {
            Some(archive) => Reply::new(200, archive),
            None => refusal(404, "No such image"),
        },
        ("GET", ["images", id, "json"]) if fake.lock().images.contains_key(*id) => Reply::new(200, "{}"),
        ("GET", ["containers", "json"]) => fake.list(&value("filters")),
        ("POST", ["containers", "create"]) => fake.create(body),
        (method, ["containers", id, rest @ ..]) => of_container(fake, method, id, rest, &value("path"), body).await,
        _ => refusal(404, "page not found"),
    }
}

/// The requests about one container.
async fn of_container(fake: &Fake, method: &str, id: &str, rest: &[&str], path: &str, body: &[u8]) -> Reply {
    let mut ended = {
        let mut known = fake.lock();
        let Some(container) = known.containers.get_mut(id) else {
            return refusal(404, "No such container");
        };
        match (method, rest) {
            ("PUT", ["archive"]) => {
                let files = unpack(body).into_iter();
                container
                    .seen
                    .files
                    .extend(files.map(|(name, content)| (format!("/{name}"), content)));
                return Reply::new(200, "");
            }
            ("GET", ["archive"]) => return download(container, path),
            ("POST", ["start"]) => return fake.start(container),
            ("POST", ["stop"]) => {
                container.ended.send_replace(Some(143));
                return Reply::new(204, "");
            }
            ("DELETE", []) => {
                container.ended.send_replace(Some(137));
                known.containers.remove(id);
                return Reply::new(204, "");
            }
            _ => container.ended.subscribe(),
        }
    };
    let code = ended
        .wait_for(Option::is_some)
        .await
        .map(|code| *code)
        .unwrap_or_default();
    match rest {
        ["wait"] => Reply::new(200, json!({"StatusCode": code, "Error": null}).to_string()),
        ["logs"] => {
            let known = fake.lock();
            let prints = known.containers.get(id).map(|container| container.ran.prints.clone());
            let frames = prints.unwrap_or_default().into_iter().flat_map(|(stream, text)| {
                let length = u32::try_from(text.len()).unwrap().to_be_bytes();
                [&[stream, 0, 0, 0], &length[..], text.as_bytes()].concat()
            });
            Reply::new(200, frames.collect::<Vec<u8>>())
        }
        _ => refusal(404, "page not found"),
    }
}

/// A folder of a container, packed under its own name.
fn download(container: &Container, path: &str) -> Reply {
    let Some((parent, _)) = path.rsplit_once('/') else {
        return refusal(400, "no path");
    };
    let inside = container
        .seen
        .files
        .iter()
        .filter(|(name, _)| name.starts_with(&format!("{path}/")));
    let files: Vec<(&str, &[u8])> = inside
        .map(|(name, content)| (name[parent.len() + 1..].trim_end_matches('/'), content.as_slice()))
        .collect();
    if files.is_empty() {
        return refusal(404, "Could not find the file in container");
    }
    Reply::new(200, pack(files))
}

fn refusal(status: u16, message: &str) -> Reply {
    Reply::new(status, json!({"message": message}).to_string())
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn pack<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, Path::new(name), content).unwrap();
    }
    archive.into_inner().unwrap()
}

/// The files of an archive; folders are none.
fn unpack(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if !name.ends_with('/') {
            files.insert(name, content);
        }
    }
    files
}
