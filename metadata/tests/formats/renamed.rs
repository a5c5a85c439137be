//! Engines with a new name: body format 2.

use consign_metadata::plan::UpgradePlan;
use serde_json::{Value, json};

use crate::documents::plan;

fn read(change: impl Fn(&mut Value)) -> Result<u32, String> {
    let mut plan = plan();
    change(&mut plan["body"]);
    let read = UpgradePlan::parse(plan.to_string().as_bytes()).map_err(|error| error.to_string())?;
    Ok(read.body.lowest_format())
}

#[test]
fn a_body_says_the_format_that_it_needs() {
    let new = plan()["body"]["engines"][0].as_str().unwrap().to_owned();
    let renamed = json!({ new: "old.service" });
    assert_eq!(read(|_| ()), Ok(1));
    assert_eq!(read(|body| body["format"] = json!(2)), Ok(1), "a later format may say less");
    let both = |body: &mut Value| {
        body["format"] = json!(2);
        body["renamed_engines"] = renamed.clone();
    };
    assert_eq!(read(both), Ok(2));
    let early = read(|body| body["renamed_engines"] = renamed.clone()).unwrap_err();
    assert!(early.contains("its body says format 1 and uses format 2"), "{early}");
    let unknown = read(|body| {
        body["format"] = json!(2);
        body["renamed_engines"] = json!({"no.service": "old.service"});
    });
    assert!(unknown.unwrap_err().contains("no.service is a new name and no engine"));
}
