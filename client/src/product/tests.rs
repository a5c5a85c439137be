//! A journal in a folder that is not its own.

use super::*;
use crate::engine::journal::FILE;
use crate::engine::sample::header;

fn begun(places: &Places, id: &str) -> Product {
    let product = Product::new(places, id.parse().unwrap());
    let header = Header { product: product.id.clone(), ..header() };
    drop(product.begin(header, b"", Timestamp::UNIX_EPOCH).unwrap());
    product
}

#[test]
fn a_journal_that_was_swapped_as_a_whole_is_refused_and_named() {
    let root = tempfile::tempdir().unwrap();
    let places = Places::below(root.path());
    let (erp, shop) = (begun(&places, "acme/erp"), begun(&places, "acme/shop"));
    let folder = erp.upgrade_folder(2);
    fs::create_dir_all(&folder).unwrap();
    let own = fs::read(erp.upgrade_folder(1).join(FILE)).unwrap();
    let others = fs::read(shop.upgrade_folder(1).join(FILE)).unwrap();
    for (content, number, sentence) in [
        (&own, 2, "it is the journal of acme/erp, upgrade 1, and not of acme/erp, upgrade 2; nothing is done by it"),
        (
            &others,
            1,
            "it is the journal of acme/shop, upgrade 1, and not of acme/erp, upgrade 1; nothing is done by it",
        ),
    ] {
        let path = erp.upgrade_folder(number).join(FILE);
        // One with a torn end, too: nothing is cut off what is another's.
        let content = [&content[..], b"{"].concat();
        fs::write(&path, &content).unwrap();
        let expected = format!("{}: {sentence}", path.display());
        assert_eq!(erp.replay(number).unwrap_err().to_string(), expected);
        assert_eq!(erp.open(number).unwrap_err().to_string(), expected);
        assert_eq!(erp.newest().unwrap_err().to_string(), expected);
        assert_eq!(fs::read(&path).unwrap(), content);
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(shop.newest().unwrap().unwrap().header.upgrade, 1);
}
