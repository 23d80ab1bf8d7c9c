//! `baton admin …`: workspaces, keys and forms.

use baton::app;
use baton::config::DatabaseConfig;
use baton::domain::access::Scope;
use baton::domain::audit::{Action, Target, Trail};
use baton::domain::flow::api_keys::note_created;
use baton::domain::flow::setup::{self, NewKey};
use baton::domain::flow::signing_keys;
use baton::domain::form::Form;
use baton::domain::ids::{Ids, ProcessIds};
use baton::domain::key::{ApiKey, PublishableKey};
use baton::domain::normalise::country;
use baton::error::{BoxError, Result};
use baton::store::pool::{Db, TenantConnection};
use baton::store::{api_keys, audit_log, forms, workspaces};
use chrono::{DateTime, Days, Utc};
use clap::{Args, Subcommand};
use serde_json::json;
use uuid::Uuid;

/// What to make, and where.
#[derive(Args)]
pub struct AdminArgs {
    #[command(flatten)]
    database: DatabaseConfig,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Make a workspace and its admin key
    CreateWorkspace {
        /// Its name
        name: String,
    },
    /// List the workspaces
    ListWorkspaces,
    /// Make an API key, which is shown this once
    CreateKey {
        /// Which workspace; may be left out where there is only one
        #[arg(long, value_name = "ID")]
        workspace: Option<Uuid>,
        /// What it is used for
        #[arg(long)]
        name: String,
        /// What it may do, separated by commas [default: everything]
        #[arg(long, value_delimiter = ',', value_name = "SCOPE")]
        scopes: Vec<Scope>,
        /// Days after which it ends by itself
        #[arg(long, value_name = "DAYS")]
        expires_in_days: Option<u64>,
        /// Requests a minute, in place of the service's own limit
        #[arg(long, value_name = "N")]
        requests_per_minute: Option<u32>,
    },
    /// Revoke an API key or a publishable key
    RevokeKey {
        /// The key, or the id of an API key with --workspace
        key: String,
        /// The workspace, when the key is given by its id
        #[arg(long, value_name = "ID")]
        workspace: Option<Uuid>,
    },
    /// Make a new key to sign access tokens; tokens of the old one stay good for as long as they live
    RotateSigningKey,
    /// Make a form for a website, and the publishable key that submits to it
    CreateForm {
        /// Which workspace; may be left out where there is only one
        #[arg(long, value_name = "ID")]
        workspace: Option<Uuid>,
        /// Its name
        #[arg(long)]
        name: String,
        /// The lead source of submissions that name none [default: the form's name]
        #[arg(long)]
        source: Option<String>,
        /// Origins whose pages may post by script [default: any]
        #[arg(long, value_delimiter = ',', value_name = "ORIGIN")]
        allow_origin: Vec<String>,
        /// Addresses a browser may be sent on to; one that ends in / allows what begins with it
        #[arg(long, value_delimiter = ',', value_name = "URL")]
        allow_redirect: Vec<String>,
        /// Country of phone numbers that do not say theirs
        #[arg(long, value_name = "CODE")]
        default_country: Option<String>,
    },
}

/// Makes, lists or revokes. Works beside a running Baton, on its database.
pub fn run(args: &AdminArgs) -> Result<(), BoxError> {
    let database = app::join_database(&args.database)?;
    app::migrate(&database.db)?;
    app::check_isolation(&database.db)?;
    let (db, now) = (&database.db, Utc::now());
    match &args.command {
        AdminCommand::CreateWorkspace { name } => {
            let (id, key) = setup::create_workspace(db, name, now)?;
            println!("workspace {id}\nadmin key {}", key.reveal());
        }
        AdminCommand::ListWorkspaces => {
            for (id, name) in workspaces::list_all(db)? {
                println!("{id}  {name}");
            }
        }
        AdminCommand::CreateKey {
            workspace,
            name,
            scopes,
            expires_in_days,
            requests_per_minute,
        } => {
            let expires_at = expires_in_days
                .map(|days| {
                    now.checked_add_days(Days::new(days))
                        .ok_or("that is too many days")
                })
                .transpose()?;
            let scopes = if scopes.is_empty() {
                Scope::ALL.to_vec()
            } else {
                scopes.clone()
            };
            let new = NewKey {
                name: name.clone(),
                scopes,
                expires_at,
                requests_per_minute: *requests_per_minute,
            };
            let key = db.in_workspace(one_workspace(db, *workspace)?, |conn| {
                let key = setup::create_key(conn, &new, now)?;
                note_created(conn, key.id, &new.scopes, &Trail::operator(), now)?;
                Ok(key)
            })?;
            println!("key id {}\nkey    {}", key.id, key.reveal());
        }
        AdminCommand::RevokeKey { key, workspace } => revoke(db, key, *workspace, now)?,
        AdminCommand::RotateSigningKey => {
            let id = signing_keys::rotate(db, now)?;
            log::info!("The operator made the signing key {id}.");
            println!(
                "key {id} signs access tokens in a quarter of a minute; running services follow by themselves"
            );
        }
        AdminCommand::CreateForm {
            workspace,
            name,
            source,
            allow_origin,
            allow_redirect,
            default_country,
        } => {
            let form = Form {
                id: ProcessIds.next(now),
                name: name.clone(),
                source: source.clone().unwrap_or_else(|| name.clone()),
                allowed_origins: allow_origin.clone(),
                allowed_redirects: allow_redirect.clone(),
                default_country: default_country
                    .as_deref()
                    .map(|given| country::alpha2(given).ok_or("not a country code"))
                    .transpose()?
                    .map(str::to_owned),
                created_at: now,
            };
            let key = db.in_workspace(one_workspace(db, *workspace)?, |conn| {
                let key = setup::create_form(conn, &form, now)?;
                note(conn, Action::FormCreated, Target::new("form", form.id), now)?;
                Ok(key)
            })?;
            println!("form {}\nkey  {key}\npost to /f/{key}", form.id);
        }
    }
    Ok(())
}

/// The workspace that was named, or the only one there is.
pub fn one_workspace(db: &Db, named: Option<Uuid>) -> Result<Uuid, BoxError> {
    if let Some(id) = named {
        return Ok(id);
    }
    match workspaces::list_all(db)?.as_slice() {
        [(id, _)] => Ok(*id),
        [] => Err("there is no workspace yet: baton admin create-workspace NAME".into()),
        several => Err(format!("there are {} workspaces: say which by --workspace; baton admin list-workspaces shows them", several.len()).into()),
    }
}

fn revoke(
    db: &Db,
    text: &str,
    workspace: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), BoxError> {
    let revoked = if let Some(key) = ApiKey::parse(text) {
        db.in_workspace(key.workspace_id, |conn| revoke_api_key(conn, key.id, now))?
    } else if let Some(key) = PublishableKey::parse(text) {
        db.in_workspace(key.workspace_id, |conn| {
            let revoked = forms::revoke_key(conn, key.id, now)?;
            if revoked {
                let target = Target::new("publishable_key", key.id);
                note(conn, Action::PublishableKeyRevoked, target, now)?;
            }
            Ok(revoked)
        })?
    } else {
        let id: Uuid = text
            .parse()
            .map_err(|_| "that is neither a key nor the id of one")?;
        db.in_workspace(one_workspace(db, workspace)?, |conn| {
            revoke_api_key(conn, id, now)
        })?
    };
    if !revoked {
        return Err("there is no such key, or it was revoked before".into());
    }
    println!("revoked; running services follow within five seconds");
    Ok(())
}

fn revoke_api_key(conn: &mut TenantConnection, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let revoked = api_keys::revoke(conn, id, now)?;
    if revoked {
        note(conn, Action::ApiKeyRevoked, Target::new("api_key", id), now)?;
    }
    Ok(revoked)
}

/// Notes in the workspace's audit log what the operator did.
fn note(
    conn: &mut TenantConnection,
    action: Action,
    target: Target,
    now: DateTime<Utc>,
) -> Result<()> {
    let trail = Trail::operator();
    audit_log::add(conn, &trail, action, Some(target), json!({}), now)
}
