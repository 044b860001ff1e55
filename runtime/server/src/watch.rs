//! Tells the supervisor when files change: inotify on the folders, SIGHUP, and (in the supervisor) a slow look anyway.
//!
//! A mounted ConfigMap or Secret changes by one rename of its hidden `..data` link, an editor by whatever it likes; so every
//! event below the folders is a reason to look, reading apart, and what is found decides.

use std::path::{Path, PathBuf};

use notify::{Event, EventKind, RecursiveMode, Watcher, event::AccessKind, event::AccessMode};
use tokio::{signal::unix::SignalKind, sync::mpsc};
use tracing::warn;

use crate::config::Sources;

/// Keeps the watch alive.
pub(crate) struct Watch(#[allow(dead_code, reason = "dropping it ends the watch")] Option<notify::RecommendedWatcher>);

/// Sends to `changed` whenever there is a reason to look. Without inotify, only the slow look remains.
pub(crate) fn watch(sources: &Sources, changed: mpsc::Sender<()>) -> Watch {
    if let Ok(mut hang_up) = tokio::signal::unix::signal(SignalKind::hangup()) {
        let changed = changed.clone();
        tokio::spawn(async move {
            while hang_up.recv().await.is_some() {
                if changed.send(()).await.is_err() {
                    return;
                }
            }
        });
    }
    let tell = move |event: notify::Result<Event>| {
        if event.map_or(true, |event| is_change(&event)) {
            // A full queue holds a reason already.
            let _ = changed.try_send(());
        }
    };
    let watcher = notify::recommended_watcher(tell).and_then(|mut watcher| {
        watcher.watch(&folder(&sources.documents), RecursiveMode::NonRecursive)?;
        if sources.secrets.is_dir() {
            watcher.watch(&sources.secrets, RecursiveMode::Recursive)?;
        }
        Ok(watcher)
    });
    Watch(watcher.inspect_err(|error| warn!(%error, "files are not watched, only looked at now and then")).ok())
}

/// Reading a file is an event, too, and our own reading must not lead to the next one.
fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

/// A file is watched through its folder, since it may be replaced.
fn folder(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.to_owned();
    }
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
