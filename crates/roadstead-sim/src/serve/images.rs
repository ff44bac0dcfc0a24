//! Images: those on the host, those of the registry, and getting one here.
//!
//! What is on a host follows from the script (what its containers run and ran before), and from what clients pulled, tagged and
//! removed.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::SimHost;
use super::body::Answer;
use super::host::rfc3339;
use super::live::{Deed, Live, all_of};
use super::request::Query;
use crate::SIMULATED_LABEL;
use crate::image::{Image, Reference, Withheld};
use crate::seed::{key_of, mix};

/// A pull takes so long in all when there is something to pull.
const PULLING: Duration = Duration::from_millis(1_300);
/// Parts of a layer's download that are told of.
const PARTS: i64 = 8;
/// Images of so many deploys before the last are still on a host that is not cleaned up.
const KEPT_DEPLOYS: u32 = 3;

/// An image on the host.
pub(super) struct Local {
    pub(super) image: Image,
    pub(super) tags: Vec<String>,
    pub(super) containers: usize,
}

/// The images on the host, in no particular order.
pub(super) fn all_local(sim: &SimHost, live: &Live, now_ms: i64) -> Vec<Local> {
    let host = sim.host();
    let mut images: Vec<Image> = Vec::new();
    let mut tags: BTreeMap<String, Image> = BTreeMap::new();
    let mut add = |image: Image| {
        if !images.contains(&image) {
            images.push(image);
        }
    };
    for (index, berth) in host.berths.iter().enumerate() {
        let until_ms = live.left.get(&index).copied().unwrap_or(now_ms);
        let Some(lives) = berth.schedule.generation_at(until_ms) else {
            continue;
        };
        // Some operators clean up after each deploy.
        let cleaned = mix(host.key, key_of(&berth.app)).is_multiple_of(4);
        let kept = if cleaned { 0 } else { KEPT_DEPLOYS };
        for generation in lives.index.saturating_sub(kept)..=lives.index {
            let image = berth.image_of(generation);
            add(image);
            // What was pulled last has the tag.
            tags.insert(image.reference(), image);
        }
    }
    tags.extend(live.tags.iter().map(|(tag, image)| (tag.clone(), *image)));
    let made = live.made.iter().filter_map(|berth| berth.made.as_ref());
    live.pulled
        .iter()
        .copied()
        .chain(made.map(|made| made.image))
        .for_each(&mut add);
    images.retain(|image| !live.removed_images.contains(image));
    let used: Vec<Image> = all_of(host, live, now_ms)
        .map(|found| found.berth.image_of(found.moment.generation))
        .collect();
    images
        .into_iter()
        .map(|image| Local {
            tags: tags
                .iter()
                .filter(|(_, of)| **of == image)
                .map(|(tag, _)| tag.clone())
                .collect(),
            containers: used.iter().filter(|of| **of == image).count(),
            image,
        })
        .collect()
}

/// The image on the host that is asked for: by tag, digest, id, or the beginning of an id.
pub(super) fn local(sim: &SimHost, live: &Live, asked: &str, now_ms: i64) -> Option<Image> {
    local_of(all_local(sim, live, now_ms), asked).map(|local| local.image)
}

fn local_of(images: Vec<Local>, asked: &str) -> Option<Local> {
    let bare = asked.strip_prefix("sha256:").unwrap_or(asked);
    let is_id = bare.len() >= 3 && bare.bytes().all(|b| b.is_ascii_hexdigit());
    let reference = Reference::parse(asked);
    let tagged = reference.tagged();
    images.into_iter().find(|local| {
        if let Some(digest) = &reference.digest {
            return local.image.script.image == reference.name && local.image.digest() == *digest;
        }
        local.tags.contains(&tagged) || (is_id && local.image.id()["sha256:".len()..].starts_with(bare))
    })
}

pub(super) fn summary(sim: &SimHost, local: &Local) -> Value {
    let image = local.image;
    json!({
        "Id": image.id(),
        "ParentId": "",
        "RepoTags": local.tags,
        "RepoDigests": [image.repo_digest()],
        "Created": sim.host().registry.built_ms(image) / 1_000,
        "Size": image.size_bytes(),
        "SharedSize": -1,
        "Labels": { SIMULATED_LABEL: "true" },
        "Containers": local.containers,
    })
}

/// Answers `/images/json`.
pub(super) fn list(sim: &SimHost) -> Answer {
    let images = all_local(sim, &sim.live(), sim.clock().now_ms());
    Answer::json(&images.iter().map(|local| summary(sim, local)).collect())
}

/// Answers `/images/{name}/json`.
pub(super) fn inspect(sim: &SimHost, asked: &str) -> Result<Answer, Answer> {
    let images = all_local(sim, &sim.live(), sim.clock().now_ms());
    let local = local_of(images, asked).ok_or_else(|| no_such_image(asked))?;
    let image = local.image;
    let layers: Vec<String> = image
        .layers()
        .into_iter()
        .map(|layer| format!("sha256:{}", layer.id))
        .collect();
    Ok(Answer::json(&json!({
        "Id": image.id(),
        "RepoTags": local.tags,
        "RepoDigests": [image.repo_digest()],
        "Parent": "",
        "Comment": "",
        "Created": rfc3339(sim.host().registry.built_ms(image)),
        "DockerVersion": "",
        "Author": "",
        "Config": image.config(),
        "Architecture": "amd64",
        "Os": "linux",
        "Size": image.size_bytes(),
        "GraphDriver": { "Name": "overlay2", "Data": {} },
        "RootFS": { "Type": "layers", "Layers": layers },
        "Metadata": { "LastTagTime": NEVER_TAGGED },
    })))
}

const NEVER_TAGGED: &str = "0001-01-01T00:00:00Z";

fn no_such_image(asked: &str) -> Answer {
    Answer::error(StatusCode::NOT_FOUND, &format!("No such image: {asked}"))
}

/// Answers `/distribution/{name}/json`: what the registry has, without fetching it.
pub(super) fn distribution(sim: &SimHost, asked: &str) -> Result<Answer, Answer> {
    let reference = Reference::parse(asked);
    let image = sim
        .host()
        .registry
        .find(&reference, sim.clock().now_ms())
        .map_err(|withheld| match withheld {
            Withheld::Denied => Answer::error(
                StatusCode::FORBIDDEN,
                "denied: requested access to the resource is denied",
            ),
            Withheld::NoRepository | Withheld::NoManifest => {
                Answer::error(StatusCode::NOT_FOUND, "manifest unknown: manifest unknown")
            }
        })?;
    Ok(Answer::json(&json!({
        "Descriptor": {
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "digest": image.digest(),
            "size": 1_609,
        },
        "Platforms": [{ "architecture": "amd64", "os": "linux" }],
    })))
}

/// Answers `POST /images/create`: pulls `fromImage` by `tag`, which may be a digest.
pub(super) fn pull(sim: &SimHost, query: &Query) -> Result<Answer, Answer> {
    let Some(from) = query.get("fromImage") else {
        return Err(Answer::error(
            StatusCode::BAD_REQUEST,
            "the simulated engine makes images from a registry only: fromImage is wanted",
        ));
    };
    let asked = match query.get("tag") {
        Some(digest) if digest.contains(':') => format!("{from}@{digest}"),
        Some(tag) => format!("{from}:{tag}"),
        None => from.to_owned(),
    };
    let reference = Reference::parse(&asked);
    let now_ms = sim.clock().now_ms();
    let registry = sim.host().registry;
    let image = registry
        .find(&reference, now_ms)
        .map_err(|withheld| refusal(&reference, withheld))?;
    let locals = all_local(sim, &sim.live(), now_ms);
    let has = |wanted: &dyn Fn(&Local) -> bool| locals.iter().any(wanted);
    let is_here = has(&|local| local.image == image);
    let family_is_here = has(&|local| local.image.script.image == image.script.image);
    let lines = progress(&reference, image, is_here, family_is_here);
    let pause = if is_here { PULLING / 5 } else { PULLING } / lines.len().max(1) as u32;
    let pulling = Pulling {
        sim: sim.clone(),
        reference,
        image,
        lines: lines.into_iter(),
    };
    let told = stream::unfold(pulling, move |mut pulling| async move {
        let line = pulling.lines.next()?;
        tokio::time::sleep(pause).await;
        if pulling.lines.len() == 0 {
            pulling.arrived();
        }
        let mut line = line.to_string();
        line.push_str("\r\n");
        Some((Bytes::from(line), pulling))
    });
    Ok(Answer::flowing("application/json", told.boxed()))
}

/// A pull on its way.
struct Pulling {
    sim: SimHost,
    reference: Reference,
    image: Image,
    lines: std::vec::IntoIter<Value>,
}

impl Pulling {
    /// The image is here. Whoever went away before this has pulled nothing.
    fn arrived(&self) {
        let (image, reference) = (self.image, &self.reference);
        let done = self.sim.change(|live, now_ms| {
            live.removed_images.retain(|removed| *removed != image);
            if !live.pulled.contains(&image) {
                live.pulled.push(image);
            }
            let named = match &reference.digest {
                Some(digest) => format!("{}@{digest}", reference.name),
                None => {
                    let tagged = reference.tagged();
                    live.tags.insert(tagged.clone(), image);
                    tagged
                }
            };
            tell(live, now_ms, "pull", &named, &reference.name);
            Ok(())
        });
        debug_assert!(done.is_ok(), "nothing in it can be refused");
    }
}

fn tell(live: &mut Live, now_ms: i64, action: &str, actor: &str, name: &str) {
    let mut attributes = Map::new();
    attributes.insert(SIMULATED_LABEL.to_owned(), Value::from("true"));
    attributes.insert("name".to_owned(), Value::from(name));
    let deed = Deed {
        number: 0,
        time_ns: 0,
        kind: "image",
        action: action.to_owned(),
        actor: actor.to_owned(),
        name: name.to_owned(),
        labels: Vec::new(),
        attributes,
    };
    live.tell_of(now_ms, deed);
}

/// What the engine says when the registry gives nothing.
fn refusal(reference: &Reference, withheld: Withheld) -> Answer {
    let Reference { name, digest, .. } = reference;
    // Docker Hub does not say which of the two it is; others do.
    let is_hub = !name
        .split_once('/')
        .is_some_and(|(first, _)| first.contains(['.', ':']));
    match withheld {
        Withheld::NoRepository if !is_hub => Answer::error(
            StatusCode::NOT_FOUND,
            &format!("manifest for {name} not found: name unknown: repository name not known to registry"),
        ),
        Withheld::Denied | Withheld::NoRepository => Answer::error(
            StatusCode::NOT_FOUND,
            &format!(
                "pull access denied for {name}, repository does not exist or may require 'docker login': denied: requested \
                 access to the resource is denied"
            ),
        ),
        Withheld::NoManifest => {
            let asked = match digest {
                Some(digest) => format!("{name}@{digest}"),
                None => reference.tagged(),
            };
            Answer::error(
                StatusCode::NOT_FOUND,
                &format!("manifest for {asked} not found: manifest unknown: manifest unknown"),
            )
        }
    }
}

/// What a pull tells, line by line.
fn progress(reference: &Reference, image: Image, is_here: bool, family_is_here: bool) -> Vec<Value> {
    let tag = reference.digest.clone();
    let tag = tag
        .or_else(|| reference.tag.clone())
        .unwrap_or_else(|| "latest".to_owned());
    let mut lines = vec![json!({ "status": format!("Pulling from {}", reference.name), "id": tag })];
    let layers = image.layers();
    let (here, wanted): (Vec<_>, Vec<_>) = layers.iter().partition(|layer| layer.shared && family_is_here);
    if !is_here {
        let line =
            |status: &str, id: &str| json!({ "status": status, "progressDetail": {}, "id": &id[..12] });
        lines.extend(here.iter().map(|layer| line("Already exists", &layer.id)));
        lines.extend(wanted.iter().map(|layer| line("Pulling fs layer", &layer.id)));
        for status in ["Downloading", "Extracting"] {
            for layer in &wanted {
                for part in 1..=PARTS {
                    let current = layer.bytes * part / PARTS;
                    lines.push(json!({
                        "status": status,
                        "progressDetail": { "current": current, "total": layer.bytes },
                        "progress": format!("{:.1}MB/{:.1}MB", current as f64 / 1e6, layer.bytes as f64 / 1e6),
                        "id": &layer.id[..12],
                    }));
                }
                if status == "Downloading" {
                    lines.push(line("Verifying Checksum", &layer.id));
                    lines.push(line("Download complete", &layer.id));
                } else {
                    lines.push(line("Pull complete", &layer.id));
                }
            }
        }
    }
    lines.push(json!({ "status": format!("Digest: {}", image.digest()) }));
    let named = match &reference.digest {
        Some(digest) => format!("{}@{digest}", reference.name),
        None => reference.tagged(),
    };
    lines.push(json!({ "status": match is_here {
        true => format!("Status: Image is up to date for {named}"),
        false => format!("Status: Downloaded newer image for {named}"),
    }}));
    lines
}

/// Answers `POST /images/{name}/tag`. Understands `repo` and `tag`.
pub(super) fn tag(sim: &SimHost, asked: &str, query: &Query) -> Result<Answer, Answer> {
    let Some(repo) = query.get("repo") else {
        return Err(Answer::error(StatusCode::BAD_REQUEST, "a repository is wanted"));
    };
    let tagged = match query.get("tag") {
        Some(tag) => Reference::parse(&format!("{repo}:{tag}")).tagged(),
        None => Reference::parse(repo).tagged(),
    };
    sim.change(|live, now_ms| {
        let image = local(sim, live, asked, now_ms).ok_or_else(|| no_such_image(asked))?;
        live.tags.insert(tagged.clone(), image);
        tell(live, now_ms, "tag", &image.id(), &tagged);
        Ok(Answer::empty(StatusCode::CREATED))
    })
}

/// Answers `DELETE /images/{name}`: the image goes with all its tags, where no container was made from it.
pub(super) fn remove(sim: &SimHost, asked: &str) -> Result<Answer, Answer> {
    sim.change(|live, now_ms| {
        let images = all_local(sim, live, now_ms);
        let found = local_of(images, asked).ok_or_else(|| no_such_image(asked))?;
        let id = found.image.id();
        if found.containers > 0 {
            return Err(Answer::error(
                StatusCode::CONFLICT,
                &format!(
                    "conflict: unable to remove repository reference \"{asked}\" (must force) - a container is using its \
                     referenced image {}",
                    &id["sha256:".len()..][..12]
                ),
            ));
        }
        live.pulled.retain(|image| *image != found.image);
        live.tags.retain(|_, image| *image != found.image);
        live.removed_images.push(found.image);
        tell(live, now_ms, "delete", &id, &id);
        let untagged = found.tags.iter().map(|tag| json!({ "Untagged": tag }));
        Ok(Answer::json(
            &untagged.chain([json!({ "Deleted": id })]).collect(),
        ))
    })
}
