use ckpt_store::{Contents, Draft, RefName, Signature};
use insta::assert_snapshot;
use serde_json::json;

use super::sandbox;
use crate::sandbox::Sandbox;

#[test]
fn json_has_every_documented_key() {
    let sandbox = sandbox();
    let document = sandbox.json("compare main~ main");
    assert_snapshot!(sandbox.pretty(&document), @r#"
    {
      "a": "id1",
      "b": "id2",
      "same_model": false,
      "same_state": false,
      "same_recipe": false,
      "metrics": {
        "f1": {"a":0.9,"b":0.8,"delta":-0.09999999999999998,"better":"higher","verdict":"worse"},
        "old": {"a":1.0,"b":null,"delta":null,"better":null,"verdict":null},
        "size": {"a":3.0,"b":4.0,"delta":1.0,"better":null,"verdict":null},
        "val_loss": {"a":0.5,"b":0.4,"delta":-0.09999999999999998,"better":"lower","verdict":"better"}
      },
      "params": {
        "epochs": {"a":3,"b":3},
        "lr": {"a":0.1,"b":0.2},
        "warm": {"a":null,"b":true}
      },
      "seed": {
        "a": null,
        "b": null
      },
      "parent_state": {
        "a": null,
        "b": null
      },
      "bases": {
        "same": true,
        "a": [],
        "b": []
      },
      "data": {
        "same": true,
        "a": [],
        "b": []
      },
      "code": {
        "same": true,
        "a": null,
        "b": null
      },
      "tensors": [
        {"name":"came","status":"added","dtype":"F32","shape":[1],"role":"weights","max_abs":null,"mean_abs":null,"l2":null,"relative_l2":null,"cosine":null,"changed_fraction":null,"nan_a":null,"nan_b":null,"inf_a":null,"inf_b":null,"was":null},
        {"name":"form","status":"reshaped","dtype":"F32","shape":[1,2],"role":"weights","max_abs":null,"mean_abs":null,"l2":null,"relative_l2":null,"cosine":null,"changed_fraction":null,"nan_a":null,"nan_b":null,"inf_a":null,"inf_b":null,"was":[2,1]},
        {"name":"gone","status":"removed","dtype":"F32","shape":[1],"role":"weights","max_abs":null,"mean_abs":null,"l2":null,"relative_l2":null,"cosine":null,"changed_fraction":null,"nan_a":null,"nan_b":null,"inf_a":null,"inf_b":null,"was":null},
        {"name":"new_name","status":"renamed","dtype":"F32","shape":[3],"role":"weights","max_abs":0.0,"mean_abs":0.0,"l2":0.0,"relative_l2":0.0,"cosine":1.0,"changed_fraction":0.0,"nan_a":null,"nan_b":null,"inf_a":null,"inf_b":null,"was":"old_name"},
        {"name":"same","status":"same","dtype":"F32","shape":[1],"role":"weights","max_abs":0.0,"mean_abs":0.0,"l2":0.0,"relative_l2":0.0,"cosine":1.0,"changed_fraction":0.0,"nan_a":null,"nan_b":null,"inf_a":null,"inf_b":null,"was":null},
        {"name":"w","status":"changed","dtype":"F32","shape":[4],"role":"weights","max_abs":0.5,"mean_abs":0.125,"l2":0.5,"relative_l2":0.09128709291752768,"cosine":0.997364949306553,"changed_fraction":0.25,"nan_a":0,"nan_b":0,"inf_a":0,"inf_b":0,"was":null}
      ],
      "files": [
        {"path":"m.safetensors","status":"changed","bytes":343}
      ],
      "met": null,
      "unmet": []
    }
    "#);
}

#[test]
fn a_metric_that_is_not_finite_is_null() {
    let sandbox = Sandbox::new();
    for value in [f64::NAN, f64::INFINITY] {
        let metrics = [("loss".to_owned(), value)].into();
        let draft = Draft::new(Contents::Nothing, Signature::new("", 0)).with_metrics(metrics);
        sandbox.repository().commit(&RefName::branch("main").unwrap(), &draft).unwrap();
    }
    let metric = &sandbox.json("compare main~ main")["metrics"]["loss"];
    let expected = json!({"a": null, "b": null, "delta": null, "better": "lower", "verdict": null});
    assert_eq!(*metric, expected);
    assert_eq!(sandbox.json("log -n 1")["metrics"]["loss"], json!(null));
}
