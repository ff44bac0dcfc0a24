//! Which images a deploy wants, and where they come from.

use std::collections::BTreeMap;

use roadstead_collect::Writer;
use roadstead_model::Deployed;
use roadstead_store::DeployRecord;

use super::reference;
use super::replace::Wanted;
use crate::wire::{DeployRefusal, ServiceImage, Wire, WireError};

/// The images of an update: as typed, else the same reference again.
pub(super) fn updates(before: &[Deployed], images: &[ServiceImage]) -> Wire<BTreeMap<String, Wanted>> {
    for image in images {
        if !before.iter().any(|one| one.service == image.service) {
            return Err(WireError::invalid(
                "images",
                "deploy.service_unknown",
                format!("the app has no service named “{}”", image.service),
            )
            .with("service", &image.service));
        }
    }
    let mut wanted = BTreeMap::new();
    for one in before {
        let typed = images.iter().find(|image| image.service == one.service);
        let reference = match typed {
            Some(typed) => Some(reference::pullable(&typed.image).map_err(|_| {
                WireError::invalid(
                    "images",
                    "deploy.reference_unreadable",
                    format!("“{}” is no image reference", reference::shown(&typed.image)),
                )
                .with("value", reference::shown(&typed.image))
            })?),
            // A container made from an id has no name to be pulled again by.
            None => reference::again(&one.image),
        };
        if let Some(reference) = reference {
            wanted.insert(
                one.service.clone(),
                Wanted {
                    pull: Some(reference.clone()),
                    reference,
                    may_be_local: one.digest.is_none(),
                    always: false,
                },
            );
        }
    }
    Ok(wanted)
}

/// The images of a rollback: those on the host, else by digest from their registry.
pub(super) async fn ways_back(
    writer: &Writer,
    before: &[Deployed],
    target: &DeployRecord,
    refusals: &mut Vec<DeployRefusal>,
) -> Wire<BTreeMap<String, Wanted>> {
    let mut wanted = BTreeMap::new();
    for then in &target.services {
        let runs = before
            .iter()
            .filter(|one| one.service == then.service)
            .all(|one| one.image_id == then.image_id);
        if runs || wanted.contains_key(&then.service) {
            continue;
        }
        let Ok(local) = writer.image(&then.image_id).await else {
            refusals.push(DeployRefusal::HostUnreachable);
            return Ok(wanted);
        };
        let way = match (local, &then.digest) {
            (Some(local), digest) => {
                let pinned = digest.as_ref().filter(|digest| local.digests.contains(digest));
                Wanted {
                    reference: pinned.map_or_else(
                        || then.image_id.clone(),
                        |digest| reference::pinned(&then.image, digest),
                    ),
                    pull: None,
                    may_be_local: true,
                    always: true,
                }
            }
            (None, Some(digest)) => {
                // A registry that does not answer now is found out when it is pulled.
                if writer.offers(digest).await.is_ok_and(|offered| !offered) {
                    refusals.push(DeployRefusal::ImageGone {
                        service: then.service.clone(),
                        digest: digest.clone(),
                    });
                }
                let pinned = reference::pinned(&then.image, digest);
                Wanted {
                    reference: pinned.clone(),
                    pull: Some(pinned),
                    may_be_local: false,
                    always: true,
                }
            }
            (None, None) => {
                refusals.push(DeployRefusal::NoDigest {
                    service: then.service.clone(),
                });
                continue;
            }
        };
        wanted.insert(then.service.clone(), way);
    }
    Ok(wanted)
}
