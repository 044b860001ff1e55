//! `HankoProject`: one isolated authentication tenant.

use std::borrow::Cow;

use hanko_model::{
    document::{API_VERSION, DEFAULT_NAMESPACE, Document, GROUP, KIND, VERSION},
    spec::ProjectSpec,
};
use k8s_openapi::{
    NamespaceResourceScope,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
    apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta},
};
use kube_core::{ApiResource, CustomResourceExt, GroupVersionKind, Resource};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

/// Name in URLs.
pub(crate) const PLURAL: &str = "hankoprojects";
/// Name of the CustomResourceDefinition.
pub(crate) const CRD_NAME: &str = "hankoprojects.hanko-operator.dev";
/// What `kubectl get` takes instead of the plural.
pub(crate) const SHORT_NAMES: &[&str] = &["hp"];

/// One isolated authentication tenant, as the API server stores it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct HankoProject {
    /// Name, namespace and what the API server keeps of an object.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What the author wrote.
    pub spec: ProjectSpec,
    /// What the operator found out.
    #[serde(default)]
    pub status: Option<HankoProjectStatus>,
}

/// What the operator found out, computed from what was applied and what the pods acknowledge.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HankoProjectStatus {
    /// Generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Identity of the tenant in its database. Name it in `spec.tenantId` to re-create the project under another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 36))]
    pub tenant_id: Option<String>,
    /// Where browsers reach the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Host names the tenant answers, normalised.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub hosts: Vec<String>,
    /// Kind of database: `SQLite` or `PostgreSQL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Name of the Secret with the generated key of the Admin API, in its entry `key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_key_secret: Option<String>,
    /// Revision of the document that was handed to the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_revision: Option<String>,
    /// Revision of the secrets that all pods serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets_revision: Option<String>,
    /// Pods there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Pods that answer requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_replicas: Option<i32>,
    /// Passkeys and security keys that cannot be used, since they were made for another RP ID than the one that is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stranded_credentials: Option<i64>,
    /// `Accepted`, `ResolvedRefs`, `Programmed` and `Ready`, each with a reason and a message a person can act on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

impl HankoProject {
    /// A project without status.
    pub fn new(namespace: &str, name: &str, spec: ProjectSpec) -> Self {
        let metadata =
            ObjectMeta { name: Some(name.into()), namespace: Some(namespace.into()), ..ObjectMeta::default() };
        Self { metadata, spec, status: None }
    }

    /// The document as `hanko_model::resolve` takes it.
    pub fn document(&self) -> Document {
        Document {
            namespace: self.metadata.namespace.clone().unwrap_or_else(|| DEFAULT_NAMESPACE.into()),
            name: self.metadata.name.clone().unwrap_or_default(),
            annotations: self.metadata.annotations.clone().unwrap_or_default(),
            spec: self.spec.clone(),
        }
    }
}

impl Resource for HankoProject {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        KIND.into()
    }

    fn group((): &()) -> Cow<'_, str> {
        GROUP.into()
    }

    fn version((): &()) -> Cow<'_, str> {
        VERSION.into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        PLURAL.into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl CustomResourceExt for HankoProject {
    fn crd() -> CustomResourceDefinition {
        crate::crd()
    }

    fn crd_name() -> &'static str {
        CRD_NAME
    }

    fn api_resource() -> ApiResource {
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(GROUP, VERSION, KIND), PLURAL)
    }

    fn shortnames() -> &'static [&'static str] {
        SHORT_NAMES
    }
}

/// With `apiVersion` and `kind`, which server-side apply needs.
impl Serialize for HankoProject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct(KIND, 5)?;
        object.serialize_field("apiVersion", API_VERSION)?;
        object.serialize_field("kind", KIND)?;
        object.serialize_field("metadata", &self.metadata)?;
        object.serialize_field("spec", &self.spec)?;
        if let Some(status) = &self.status {
            object.serialize_field("status", status)?;
        }
        object.end()
    }
}
