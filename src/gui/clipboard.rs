//! Pictures from the clipboard, where egui found only text there or was not asked by a key.

use super::tasks::{Arrival, Tasks};
use crate::formats::atomic;
use crate::network::registry::sha256;
use crate::session::run_folder::encode_png;
use crate::stimulus::Image;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Reads a picture from the clipboard on a thread of its own, since that can take as long as the program that put it
/// there, and keeps it in a file.
pub fn read_picture(tasks: &Tasks, data: PathBuf) {
    tasks.spawn("clipboard", move || {
        let picture = arboard::Clipboard::new().and_then(|mut c| c.get_image());
        let kept = match picture {
            Ok(picture) => from_rgba(picture.width, picture.height, &picture.bytes)
                .and_then(|i| keep(&i, &data)),
            Err(_) => return Arrival::Pasted(Err("There is no picture on the clipboard".into())),
        };
        Arrival::Pasted(kept.map_err(|e| e.to_string()))
    });
}

/// Keeps a pasted picture under a name made from its content, so that runs with it can be resumed and repeated.
pub fn keep(image: &Image, data: &Path) -> Result<PathBuf> {
    let folder = data.join("pasted");
    let png = encode_png(image, &[])?;
    let path = folder.join(format!("pasted-{}.png", &sha256(&png)[..8]));
    std::fs::create_dir_all(&folder).map_err(|e| Error::io("create folder", &folder, e))?;
    atomic::write(&path, &png)?;
    Ok(path)
}

/// A picture from pixels with transparency, which is dropped: the colour underneath counts, as with files.
pub fn from_rgba(width: usize, height: usize, rgba: &[u8]) -> Result<Image> {
    let rgb = rgba
        .as_chunks::<4>()
        .0
        .iter()
        .flat_map(|[r, g, b, _]| [*r, *g, *b])
        .collect();
    Image::new(width, height, rgb)
}
