//! What a person finds on a medium who knows nothing of it, in English and French.

use consign_metadata::digest::Sha256;

use super::label::{self, Label};
use super::loading::{FOLDER, READER};
use super::reader::Reader;

/// The files.
pub const LEAFLETS: [&str; 2] = ["READ-ME.txt", "LISEZ-MOI.txt"];

/// Their texts, for a volume with or without a reader.
pub fn texts(label: &Label, reader: Option<&Reader>) -> [(&'static str, Vec<u8>); 2] {
    [(LEAFLETS[0], english(label, reader)), (LEAFLETS[1], french(label, reader))]
        .map(|(name, text)| (name, text.replace('\n', "\r\n").into_bytes()))
}

fn english(label: &Label, reader: Option<&Reader>) -> String {
    let Label { volume, of, .. } = label;
    let export = label::name(&label.export);
    let reader = match reader {
        Some(Reader { bytes, processors, loader }) => {
            let (digest, needs) = (
                Sha256::of(bytes),
                match loader {
                    None => "nothing but a Linux".to_owned(),
                    Some(loader) => format!("a Linux with {loader}"),
                },
            );
            format!(
                "\nThe program is on this medium. It needs {needs} on {processors}. Whoever doubts the\n\
                 medium compares its SHA-256 with one that came another way:\n\n    {digest}\n\n\
                 \x20   install -m 755 {FOLDER}/{READER} /usr/local/bin/consign\n"
            )
        }
        None => String::new(),
    };
    format!(
        "Volume {volume} of {of} of export {export}, for a mirror of a software vendor's packages.\n\n\
         The folder {FOLDER} is read by the program consign, on the machine that has the mirror:\n\n\
         \x20   consign mirror import MEDIUM /srv/mirror\n\n\
         MEDIUM is the folder where this medium is mounted. Volumes may be read in any order, one after the other or\n\
         all at once. What is missing is named. The first time the vendor's certificate is needed, which must come\n\
         another way than this medium: --certificate certificate.pgp\n\
         {reader}"
    )
}

fn french(label: &Label, reader: Option<&Reader>) -> String {
    let Label { volume, of, .. } = label;
    let export = label::name(&label.export);
    let reader = match reader {
        Some(Reader { bytes, processors, loader }) => {
            let (digest, needs) = (
                Sha256::of(bytes),
                match loader {
                    None => "Il ne lui faut qu'un Linux".to_owned(),
                    Some(loader) => format!("Il lui faut un Linux avec {loader}"),
                },
            );
            format!(
                "\nLe programme est sur ce support. {needs} sur {processors}. Qui doute du support\n\
                 compare son SHA-256 avec celui qui est venu par un autre chemin :\n\n    {digest}\n\n\
                 \x20   install -m 755 {FOLDER}/{READER} /usr/local/bin/consign\n"
            )
        }
        None => String::new(),
    };
    format!(
        "Volume {volume} sur {of} de l'export {export}, pour un miroir des paquets d'un éditeur de logiciels.\n\n\
         Le dossier {FOLDER} est lu par le programme consign, sur la machine qui porte le miroir :\n\n\
         \x20   consign mirror import SUPPORT /srv/mirror\n\n\
         SUPPORT est le dossier où ce support est monté. Les volumes se lisent dans n'importe quel ordre, l'un après\n\
         l'autre ou tous ensemble. Ce qui manque est nommé. La première fois il faut le certificat de l'éditeur, qui\n\
         doit venir par un autre chemin que ce support : --certificate certificate.pgp\n\
         {reader}"
    )
}
