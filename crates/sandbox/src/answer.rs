//! From a request to its answer: find the action, run it as one transaction, write what changed, wrap the
//! XML.

use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use sha2::{Digest, Sha256};

use crate::actions::Action;
use crate::call::{Answer, Call};
use crate::due;
use crate::hostile::Hostile;
use crate::kinds::{default_vpc, instance, partition, sts};
use crate::options::Behaviour;
use crate::state::Millis;
use crate::state::Region;
use crate::state::file::{Files, World};
use crate::state::region::Token;
use crate::state::table::Change;
use crate::wire::{Fault, Node, Xml};

/// How long EC2 remembers a client token.
const TOKEN_LIFE: Millis = 24 * crate::state::clock::HOUR;
/// The longest client token.
const TOKEN_LENGTH: usize = 64;
/// What a region that nobody has used yet answers by itself: nothing there has tags, and its default VPC is
/// not made for that.
const OF_NO_REGION: &str = "DescribeTags";

/// A request that was read.
pub struct Asked {
    /// Its parameters.
    pub params: Node,
    /// The region that it was signed for.
    pub region: Option<String>,
    /// The name of its action.
    pub action: String,
    /// The version of the API that it speaks.
    pub version: String,
}

/// Reads a request: form parameters in the query string or the body, the region in the signature's scope.
pub fn read(request: &Request<Bytes>) -> Result<Asked, Fault> {
    let query = request.uri().query().unwrap_or_default();
    let body: &[u8] = if request.method() == Method::POST {
        request.body()
    } else {
        &[]
    };
    let params = Node::parse(&[query.as_bytes(), body])?;
    let region = signed_region(request.headers(), query);
    let action = params.text("Action").unwrap_or_default().to_owned();
    let version = params.text("Version").unwrap_or_default().to_owned();
    Ok(Asked {
        params,
        region,
        action,
        version,
    })
}

/// The region in `Credential=KEY/DATE/REGION/SERVICE/aws4_request`, in a header or in a presigned query.
fn signed_region(headers: &HeaderMap, query: &str) -> Option<String> {
    let header = headers
        .get(http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let scope = match header {
        Some(header) => header
            .split("Credential=")
            .nth(1)?
            .split([',', ' '])
            .next()?
            .to_owned(),
        None => form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "X-Amz-Credential")
            .map(|(_, value)| value.into_owned())?,
    };
    let region = scope.split('/').rev().nth(2)?;
    Some(region.to_owned()).filter(|region| !region.is_empty())
}

/// The action, or EC2's answer to a name that it does not know.
pub fn find_action(asked: &Asked) -> Result<&'static Action, Fault> {
    let is_sts = asked.version == sts::VERSION;
    Action::named(&asked.action)
        .filter(|action| (action.name == "GetCallerIdentity") == is_sts)
        .ok_or_else(|| {
            if asked.action.is_empty() {
                return Fault::new("MissingAction", "The request must contain the parameter Action");
            }
            Fault::new(
                "InvalidAction",
                format!("The action {} is not valid for this web service.", asked.action),
            )
        })
}

/// What runs a call.
pub struct Engine {
    /// Everything that lasts.
    pub world: World,
    /// Where it is kept, unless it is in memory alone.
    pub files: Option<Files>,
    /// How the sandbox behaves.
    pub behaviour: Behaviour,
    /// What goes wrong inside of calls, in the hostile behaviour.
    pub mischief: Option<Hostile>,
}

/// What came of a call inside its transaction.
struct Outcome {
    result: Answer,
    xml: Xml,
    made: Vec<String>,
}

impl Engine {
    /// Answers a call with the XML inside the response element.
    pub fn run(
        &mut self,
        action: &'static Action,
        asked: &Asked,
        region: &str,
        now: Millis,
    ) -> Result<String, Fault> {
        if !partition::is_region(region) {
            return Err(Fault::new(
                "AuthFailure",
                format!("Credential should be scoped to a valid Region, not {region}"),
            ));
        }
        if action.name == OF_NO_REGION && !self.world.regions.contains_key(region) {
            self.world
                .regions
                .insert(region.to_owned(), Region::empty(region));
            let answer = self.transact(action, asked, region, now);
            self.world.regions.remove(region);
            return answer;
        }
        self.awaken(region, now)?;
        self.transact(action, asked, region, now)
    }

    /// One call as one transaction: all of it happens, or nothing.
    fn transact(
        &mut self,
        action: &'static Action,
        asked: &Asked,
        region: &str,
        now: Millis,
    ) -> Result<String, Fault> {
        let params = &asked.params;
        let dry_run = if action.takes_dry_run {
            params.flag("DryRun")? == Some(true)
        } else {
            false
        };
        let token = match (action.takes_token, dry_run) {
            (true, false) => self.token(action, params, region, now)?,
            (true, true) => {
                let _ = params.text("ClientToken");
                Remembered::None
            }
            (false, _) => Remembered::None,
        };
        let token = match token {
            Remembered::Answered(answer) => return Ok(answer),
            Remembered::New(key, request) => Some((key, request)),
            Remembered::None => None,
        };
        let outcome = self.attempt(action, params, region, now)?;
        let result = outcome.result.and_then(|()| match params.unread() {
            Some(name) => Err(Fault::new(
                "UnknownParameter",
                format!("The parameter {name} is not recognized"),
            )),
            None => Ok(()),
        });
        let result = match result {
            _ if !dry_run => result,
            Err(fault) if fault.shows_in_dry_run() => Err(fault),
            _ => Err(Fault {
                status: 412,
                ..Fault::new(
                    "DryRunOperation",
                    "Request would have succeeded, but DryRun flag is set.",
                )
            }),
        };
        if let Err(fault) = result {
            self.rollback(region);
            return Err(fault);
        }
        let answer = outcome.xml.into_string();
        // A create that made nothing, and said so, has nothing to repeat.
        let made_none = action.name.starts_with("Create") && outcome.made.is_empty();
        if let Some((key, request)) = token.filter(|_| !made_none) {
            let (volumes, instances) = outcome
                .made
                .into_iter()
                .filter(|id| {
                    id.starts_with("i-") || (action.name == "CreateVolume" && id.starts_with("vol-"))
                })
                .partition(|id| id.starts_with("vol-"));
            if let Some(region) = self.world.regions.get_mut(region) {
                region.tokens.insert(
                    key,
                    Token {
                        request,
                        answer: answer.clone(),
                        instances,
                        volumes,
                        at: now,
                    },
                );
            }
        }
        self.settle(region, now)?;
        Ok(answer)
    }

    /// Makes a region that was never asked about, and lets happen what is due.
    fn awaken(&mut self, name: &str, now: Millis) -> Result<(), Fault> {
        let is_new = !self.world.regions.contains_key(name);
        if is_new {
            self.world.regions.insert(name.to_owned(), Region::empty(name));
            self.with_call("", &Node::default(), name, now, default_vpc::make);
        }
        let settled = self.settle(name, now);
        if is_new && settled.is_err() {
            self.world.regions.remove(name);
        }
        settled
    }

    fn settle(&mut self, region: &str, now: Millis) -> Result<(), Fault> {
        self.with_call("", &Node::default(), region, now, due::settle);
        self.commit(region)
    }

    fn attempt(
        &mut self,
        action: &'static Action,
        params: &Node,
        region: &str,
        now: Millis,
    ) -> Result<Outcome, Fault> {
        let mut xml = Xml::default();
        let done = self.with_call(action.name, params, region, now, |call| {
            let result = (action.run)(call, &mut xml);
            (result, std::mem::take(&mut call.made))
        });
        let (result, made) = done.ok_or_else(|| Fault::server("InternalError", 500, "The region is gone"))?;
        Ok(Outcome { result, xml, made })
    }

    fn with_call<R>(
        &mut self,
        action: &'static str,
        params: &Node,
        region: &str,
        now: Millis,
        work: impl FnOnce(&mut Call<'_>) -> R,
    ) -> Option<R> {
        let region = self.world.regions.get_mut(region)?;
        let (ids, mischief) = (&mut self.world.ids, self.mischief.as_mut());
        let mut call = Call {
            action,
            params,
            region,
            ids,
            now,
            behaviour: self.behaviour,
            mischief,
            made: Vec::new(),
        };
        Some(work(&mut call))
    }

    fn rollback(&mut self, region: &str) {
        if let Some(region) = self.world.regions.get_mut(region) {
            region.tables_mut().into_iter().for_each(|table| table.rollback());
        }
    }

    /// Undoes what is not final, in every region.
    pub fn rollback_all(&mut self) {
        for region in self.world.regions.values_mut() {
            region.tables_mut().into_iter().for_each(|table| table.rollback());
        }
    }

    /// Makes the changes of a call final, in the journal first: what cannot be written down has not happened.
    fn commit(&mut self, name: &str) -> Result<(), Fault> {
        let written = self.write_down(name);
        let Some(region) = self.world.regions.get_mut(name) else {
            return Ok(());
        };
        match written {
            Ok(()) => {
                region.tables_mut().into_iter().for_each(|table| table.commit());
                Ok(())
            }
            Err(error) => {
                self.rollback(name);
                Err(Fault::server(
                    "InternalError",
                    500,
                    &format!("The change could not be written down: {error}"),
                ))
            }
        }
    }

    fn write_down(&mut self, name: &str) -> std::io::Result<()> {
        let (Some(files), Some(region)) = (&mut self.files, self.world.regions.get_mut(name)) else {
            return Ok(());
        };
        let mut changes: Vec<Change> = Vec::new();
        for table in region.tables_mut() {
            table.tell_changes(&mut changes)?;
        }
        if changes.is_empty() {
            Ok(())
        } else {
            files.append(name, self.world.ids.counter, &changes)
        }
    }

    /// What is known of the client token of a request.
    fn token(
        &mut self,
        action: &Action,
        params: &Node,
        region: &str,
        now: Millis,
    ) -> Result<Remembered, Fault> {
        let Some(token) = params.filled("ClientToken") else {
            return Ok(Remembered::None);
        };
        if token.len() > TOKEN_LENGTH || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Fault::new(
                "InvalidClientToken",
                "The client token must be up to 64 ASCII characters",
            ));
        }
        let key = format!("{} {token}", action.name);
        let digest = Sha256::digest(params.canonical(&["ClientToken", "DryRun"]).as_bytes());
        let request = digest.iter().fold(String::new(), |mut text, byte| {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let Some(region) = self.world.regions.get_mut(region) else {
            return Ok(Remembered::None);
        };
        let known = region
            .tokens
            .get(&key)
            .filter(|known| now - known.at < TOKEN_LIFE);
        let Some(known) = known else {
            return Ok(Remembered::New(key, request));
        };
        if known.request != request {
            return Err(Fault::new(
                "IdempotentParameterMismatch",
                "The request uses the same client token as a previous, but non-identical request.",
            ));
        }
        if known.volumes.iter().any(|id| region.volumes.get(id).is_none()) {
            return Err(Fault::new(
                "IdempotentParameterMismatch",
                "The client token you have provided is associated with a resource that is already deleted. Please use a different client token.",
            ));
        }
        let ended = |id: &String| region.instances.get(id).is_none_or(instance::Instance::is_ending);
        if known.instances.iter().any(ended) {
            return Err(Fault::new(
                "IdempotentInstanceTerminated",
                "The request to launch an instance uses the same client token as a previous request for which the instance has been terminated.",
            ));
        }
        Ok(Remembered::Answered(known.answer.clone()))
    }
}

enum Remembered {
    None,
    New(String, String),
    Answered(String),
}

/// The document around an answer.
pub fn wrap(action: &str, version: &str, request_id: &str, inside: &str) -> String {
    if version == sts::VERSION {
        return format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/{version}/\">{inside}\
             <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
        );
    }
    let version = if version.is_empty() { "2016-11-15" } else { version };
    let mut escaped = Xml::default();
    escaped.text("v", version);
    let escaped = escaped.into_string();
    let version = escaped.trim_start_matches("<v>").trim_end_matches("</v>");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/{version}/\">\
         <requestId>{request_id}</requestId>{inside}</{action}Response>"
    )
}

/// The document of a refusal: EC2's form, or that of STS.
pub fn refuse(fault: &Fault, version: &str, request_id: &str) -> String {
    let mut xml = Xml::default();
    if version == sts::VERSION {
        xml.element("ErrorResponse", |x| {
            x.element("Error", |x| {
                x.text("Type", if fault.status < 500 { "Sender" } else { "Receiver" });
                x.text("Code", &fault.code);
                x.text("Message", &fault.message);
            });
            x.text("RequestId", request_id);
        });
    } else {
        xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        xml.element("Response", |x| {
            x.element("Errors", |x| {
                x.element("Error", |x| {
                    x.text("Code", &fault.code);
                    x.text("Message", &fault.message);
                });
            });
            x.text("RequestID", request_id);
        });
    }
    xml.into_string()
}
