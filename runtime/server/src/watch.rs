//! Tells the supervisor when files change: inotify on the folders, SIGHUP, and (in the supervisor) a slow look anyway.
//!
//! A mounted ConfigMap or Secret changes by one rename of its hidden `..data` link, an editor by whatever it likes; so every
//! event below the folders is a reason to look, reading apart, and what is found decides.

use std::path::{Path, PathBuf};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher, event::AccessKind, event::AccessMode};
use tokio::{signal::unix::SignalKind, sync::mpsc};
use tracing::warn;

use crate::config::Sources;

/// The watch; dropping it ends it.
pub(crate) struct Watch {
    /// `None`: there is no inotify here, and only the slow look remains.
    watcher: Option<RecommendedWatcher>,
    /// Folders that are not watched yet, perhaps because they do not exist.
    missing: Vec<(PathBuf, RecursiveMode)>,
}

impl Watch {
    /// Sends to `changed` whenever there is a reason to look.
    pub(crate) fn new(sources: &Sources, changed: mpsc::Sender<()>) -> Self {
        on_hang_up(changed.clone());
        let tell = move |event: notify::Result<Event>| {
            if event.map_or(true, |event| is_change(&event)) {
                // A full queue holds a reason already.
                let _ = changed.try_send(());
            }
        };
        let watcher = notify::recommended_watcher(tell);
        let watcher = watcher.inspect_err(|error| warn!(%error, "files are looked at now and then, not watched"));
        let documents = (folder(&sources.documents), RecursiveMode::NonRecursive);
        let secrets = (sources.secrets.clone(), RecursiveMode::Recursive);
        let mut watch = Self { watcher: watcher.ok(), missing: vec![documents, secrets] };
        watch.extend();
        watch
    }

    /// Takes in what did not exist before.
    pub(crate) fn extend(&mut self) {
        if let Some(watcher) = &mut self.watcher {
            self.missing.retain(|(path, mode)| watcher.watch(path, *mode).is_err());
        }
    }
}

fn on_hang_up(changed: mpsc::Sender<()>) {
    let Ok(mut hang_up) = tokio::signal::unix::signal(SignalKind::hangup()) else { return };
    tokio::spawn(async move { while hang_up.recv().await.is_some() && changed.send(()).await.is_ok() {} });
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
