//! The word networks of Feather et al. (2019) from their own configuration: a pickle with a list of layers, beside a
//! checkpoint with their weights.

use super::Supply;
use super::chain::{self, Kind, Pool, Rule, Step};
use super::front_end::front_end_of;
use super::slim::Stored;
use crate::formats::pickle::{Id, Pickle, Value};
use crate::formats::tensorflow::Description;
use crate::layers::FrontEnd;
use crate::network::graph::{Graph, NodeId};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Every name in a checkpoint begins with this.
pub const SCOPE: &str = "brain_network/";
/// The task whose head tells words.
const WORDS: &str = "/stimuli/word_int";
/// Behind the name of what it rectifies, the papers' name of a matched ReLU.
const JITTERED: &str = "_jittered_relu";

/// A configuration: layers after the cochleagram, then one head or several.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The layers, under their names in the checkpoint.
    steps: Vec<Step>,
    /// Weights that the layers have under other names, or have not.
    stored: BTreeMap<String, Stored>,
    /// Name of the heads' layer.
    head: String,
    /// Task and number of classes of each head, sorted by task as the checkpoint numbers them; empty where the pickle
    /// does not say.
    tasks: Vec<(String, usize)>,
}

/// The parts of a network that a model needs to know by place.
pub struct Built {
    /// The layers.
    pub graph: Graph,
    /// In the network's order: the cochleagram, then what the papers match, then the word scores.
    pub metamer_layers: Vec<NodeId>,
    /// The word scores.
    pub logits: NodeId,
}

/// Whether a pickle holds a configuration.
pub fn is_one(pickle: &Pickle) -> bool {
    pickle.get(pickle.root(), "graph_architecture").is_some()
}

impl Configuration {
    /// Reads the layers.
    ///
    /// # Errors
    /// When the pickle holds no configuration, or a layer of an unknown kind; a sentence.
    pub fn read(pickle: &Pickle) -> Result<Self, String> {
        let list = pickle
            .get(pickle.root(), "graph_architecture")
            .and_then(|id| pickle.items(id))
            .ok_or("Holds no network configuration (a dict with 'graph_architecture')")?;
        let mut all = Self {
            steps: vec![],
            stored: BTreeMap::new(),
            head: String::new(),
            tasks: vec![],
        };
        for (number, layer) in list.iter().enumerate() {
            let kind = pickle
                .get(*layer, "layer_type")
                .and_then(|id| pickle.text(id))
                .ok_or_else(|| format!("Layer {number} has no 'layer_type'"))?;
            let arguments = Arguments {
                pickle,
                dict: pickle.get(*layer, "args"),
            };
            let name = arguments
                .text("name")
                .map_or_else(|| format!("layer_{number}"), str::to_owned);
            if !all.head.is_empty() {
                return Err(format!("Layer '{name}' stands behind the last one"));
            }
            all.add(kind, &name, &arguments)
                .map_err(|reason| format!("Layer '{name}' ({kind}): {reason}"))?;
        }
        if all.head.is_empty() {
            return Err("Has no layer that tells words (fc_top)".into());
        }
        if all.tasks.is_empty() {
            all.tasks = tasks(pickle);
        }
        Ok(all)
    }

    fn add(&mut self, kind: &str, name: &str, arguments: &Arguments<'_>) -> Result<(), String> {
        // The same layers are called by their public name and by that of the function behind it.
        let kind = kind.rsplit('.').next().unwrap_or(kind);
        let step = match kind {
            "conv2d" => Kind::Conv {
                out_channels: arguments.size("filters")?,
                kernel: arguments.pair("kernel_size")?,
                stride: arguments.pair_or("strides", [1, 1])?,
                padding: arguments.padding()?,
                dilation: arguments.pair_or("dilation_rate", [1, 1])?,
                bias: arguments.flag("use_bias", true)?,
            },
            "relu" => Kind::Relu,
            "batch_normalization" => {
                for (what, tensor, without) in [
                    ("weight", "gamma", ("scale", 1.0)),
                    ("bias", "beta", ("center", 0.0)),
                ] {
                    let stored = if arguments.flag(without.0, true)? {
                        Stored::Tensor(format!("{SCOPE}{name}/{tensor}"))
                    } else {
                        Stored::Constant(without.1)
                    };
                    self.stored.insert(format!("{name}/{what}"), stored);
                }
                for (what, tensor) in [
                    ("running_mean", "moving_mean"),
                    ("running_var", "moving_variance"),
                ] {
                    let stored = Stored::Tensor(format!("{SCOPE}{name}/{tensor}"));
                    self.stored.insert(format!("{name}/{what}"), stored);
                }
                if !matches!(arguments.integer("axis"), None | Some(-1 | 3)) {
                    return Err("only channels can be normalised (axis −1)".into());
                }
                Kind::BatchNorm {
                    epsilon: arguments.number("epsilon").unwrap_or(1e-3),
                }
            }
            "hpool" | "hanning_pooling" => Kind::HannPool {
                pool: arguments.pool()?,
                square_root: arguments.flag("sqrt_window", false)?,
                normalise: arguments.flag("normalize", false)?,
            },
            "max_pooling2d" | "max_pool" => Kind::MaxPool(arguments.pool()?),
            "average_pooling2d" | "avg_pool" => Kind::AveragePool(arguments.pool()?),
            "flatten" => Kind::Flatten { channel_last: true },
            "dense" => Kind::Dense {
                units: arguments.size("units")?,
                bias: arguments.flag("use_bias", true)?,
            },
            // Nothing is dropped once a network is trained; the name stays a name of the layer before.
            "dropout" => {
                if let Some(last) = self.steps.last_mut() {
                    last.aliases.push(name.to_owned());
                }
                return Ok(());
            }
            "fc_top" | "fc_top_classification" | "multi_fc_top_classification" => {
                self.head = name.to_owned();
                self.tasks = arguments.tasks("n_classes_dict");
                return Ok(());
            }
            _ => {
                return Err(
                    "is not known; known are conv2d, relu, batch_normalization, hpool, max_pooling2d, \
                     average_pooling2d, flatten, dense, dropout and fc_top"
                        .into(),
                );
            }
        };
        if matches!(kind, "conv2d" | "dense") {
            for what in ["kernel", "bias"] {
                let stored = Stored::Tensor(format!("{SCOPE}{name}/{what}"));
                self.stored.insert(format!("{name}/{what}"), stored);
            }
        }
        self.steps.push(Step {
            name: name.to_owned(),
            aliases: vec![],
            weights: Some(name.to_owned()),
            kind: step,
        });
        match arguments.activation()? {
            true => self.add(
                "relu",
                &format!("{name}/relu"),
                &Arguments::none(arguments.pickle),
            ),
            false => Ok(()),
        }
    }

    /// The heads: name in the checkpoint, number of classes, and whether it tells words.
    fn heads(&self, tensors: &BTreeMap<String, Description>) -> Result<Vec<(String, usize, bool)>> {
        let classes = |name: &str| {
            let shape = &tensors.get(&format!("{SCOPE}{name}/kernel"))?.shape;
            shape.last().copied()
        };
        let mut heads = Vec::new();
        for i in 0.. {
            let name = format!("{}_{i}", self.head);
            let Some(n) = classes(&name) else { break };
            heads.push((name, n, false));
        }
        // A head that is the only one may have no number.
        if heads.is_empty() {
            let n = classes(&self.head).ok_or_else(|| {
                let name = format!("{SCOPE}{}_0/kernel", self.head);
                Error::unknown("tensor", &name, tensors.keys().map(String::as_str))
            })?;
            heads.push((self.head.clone(), n, false));
        }
        let words = self.tasks.iter().position(|(task, _)| task == WORDS);
        let words = words.filter(|i| *i < heads.len()).unwrap_or(0);
        heads[words].2 = true;
        Ok(heads)
    }

    /// Names of the tensors that a checkpoint must hold.
    ///
    /// # Errors
    /// When it has no head.
    pub fn needed(&self, tensors: &BTreeMap<String, Description>) -> Result<BTreeSet<String>> {
        let mut needed: BTreeSet<String> = BTreeSet::new();
        for step in &self.steps {
            let weights: &[&str] = match step.kind {
                Kind::Conv { bias, .. } | Kind::Dense { bias, .. } => {
                    if bias {
                        &["kernel", "bias"]
                    } else {
                        &["kernel"]
                    }
                }
                Kind::BatchNorm { .. } => &["weight", "bias", "running_mean", "running_var"],
                _ => &[],
            };
            for what in weights {
                if let Some(Stored::Tensor(name)) =
                    self.stored.get(&format!("{}/{what}", step.name))
                {
                    needed.insert(name.clone());
                }
            }
        }
        for (head, ..) in self.heads(tensors)? {
            needed.extend(["kernel", "bias"].map(|what| format!("{SCOPE}{head}/{what}")));
        }
        Ok(needed)
    }

    /// What the layers' weights are called in the checkpoint.
    ///
    /// # Errors
    /// When the checkpoint has no head.
    pub fn stored(
        &self,
        tensors: &BTreeMap<String, Description>,
    ) -> Result<BTreeMap<String, Stored>> {
        let mut stored = self.stored.clone();
        for (head, ..) in self.heads(tensors)? {
            for what in ["kernel", "bias"] {
                let tensor = Stored::Tensor(format!("{SCOPE}{head}/{what}"));
                stored.insert(format!("{head}/{what}"), tensor);
            }
        }
        Ok(stored)
    }

    /// Builds the network for sounds of `samples` samples.
    ///
    /// # Errors
    /// When a tensor is missing or does not fit.
    pub fn build(
        &self,
        tensors: &BTreeMap<String, Description>,
        weights: &mut dyn Supply,
        samples: usize,
    ) -> Result<Built> {
        let (mut graph, cochleagram, _) = front_end_of(FrontEnd::FEATHER2019, samples)?;
        let (steps, matched) = self.named_as_published();
        let last = chain::extend(&mut graph, cochleagram, &steps, weights)?;
        let mut logits = last;
        for (name, classes, words) in self.heads(tensors)? {
            let step = Step {
                name: if words { "logits".into() } else { name.clone() },
                aliases: if words { vec![name.clone()] } else { vec![] },
                weights: Some(name),
                kind: Kind::Dense {
                    units: classes,
                    bias: true,
                },
            };
            let head = chain::extend(&mut graph, last, &[step], weights)?;
            if words {
                logits = head;
            }
        }
        let mut metamer_layers = vec![cochleagram];
        for name in matched {
            metamer_layers.push(graph.find(&name)?);
        }
        metamer_layers.push(logits);
        Ok(Built {
            graph,
            metamer_layers,
            logits,
        })
    }

    /// The steps with the papers' names for matched ReLUs, and the names of the layers that the papers match: each
    /// rectified convolution or dense layer `X` as `X_jittered_relu`; where a pooling `pool_I_0` follows `conv_I` before
    /// the next convolution, as in the network with reduced aliasing, that pooling instead.
    fn named_as_published(&self) -> (Vec<Step>, Vec<String>) {
        let mut steps = self.steps.clone();
        let mut matched = Vec::new();
        for i in 1..steps.len() {
            let before = &steps[i - 1];
            let rectified = steps[i].kind == Kind::Relu
                && matches!(before.kind, Kind::Conv { .. } | Kind::Dense { .. });
            if !rectified {
                continue;
            }
            let own = before.name.clone();
            let pooled = own.strip_prefix("conv_").map(|n| format!("pool_{n}_0"));
            let until = steps[i..]
                .iter()
                .position(|s| matches!(s.kind, Kind::Conv { .. }));
            let until = until.map_or(steps.len(), |n| i + n);
            let smooth = steps[i..until].iter().find(|s| {
                Some(&s.name) == pooled.as_ref() && matches!(s.kind, Kind::HannPool { .. })
            });
            matched.push(smooth.map_or(format!("{own}{JITTERED}"), |s| s.name.clone()));
            let name = std::mem::replace(&mut steps[i].name, format!("{own}{JITTERED}"));
            steps[i].aliases.push(name);
        }
        (steps, matched)
    }

    /// Number of values that the first dense layer takes, by the checkpoint.
    pub fn dense_inputs(&self, tensors: &BTreeMap<String, Description>) -> Option<usize> {
        let dense = self
            .steps
            .iter()
            .find(|s| matches!(s.kind, Kind::Dense { .. }))?;
        let kernel = tensors.get(&format!("{SCOPE}{}/kernel", dense.name))?;
        kernel.shape.first().copied()
    }
}

/// Tasks and their numbers of classes from the partials, where the clear list does not have them.
fn tasks(pickle: &Pickle) -> Vec<(String, usize)> {
    let list = pickle
        .get(pickle.root(), "layer_list")
        .and_then(|id| pickle.items(id));
    let named = list
        .into_iter()
        .flatten()
        .filter_map(|id| pickle.partial(*id)?.1);
    named
        .map(|dict| {
            let arguments = Arguments {
                pickle,
                dict: Some(dict),
            };
            arguments.tasks("n_classes_dict")
        })
        .find(|tasks| !tasks.is_empty())
        .unwrap_or_default()
}

/// The arguments of a layer.
struct Arguments<'p> {
    pickle: &'p Pickle,
    dict: Option<Id>,
}

impl<'p> Arguments<'p> {
    fn none(pickle: &'p Pickle) -> Self {
        Self { pickle, dict: None }
    }

    /// An argument that was given and is not `None`.
    fn get(&self, name: &str) -> Option<Id> {
        let id = self.pickle.get(self.dict?, name)?;
        (!matches!(self.pickle.value(id), Value::None)).then_some(id)
    }

    fn text(&self, name: &str) -> Option<&'p str> {
        self.pickle.text(self.get(name)?)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.pickle.number(self.get(name)?)
    }

    fn integer(&self, name: &str) -> Option<i64> {
        self.pickle.integer(self.get(name)?)
    }

    fn flag(&self, name: &str, otherwise: bool) -> Result<bool, String> {
        match self.get(name) {
            None => Ok(otherwise),
            Some(id) => self
                .pickle
                .boolean(id)
                .ok_or_else(|| format!("'{name}' must be True or False")),
        }
    }

    fn length(&self, id: Id) -> Option<usize> {
        let length = usize::try_from(self.pickle.integer(id)?).ok()?;
        (1..=1 << 20).contains(&length).then_some(length)
    }

    fn size(&self, name: &str) -> Result<usize, String> {
        self.get(name)
            .and_then(|id| self.length(id))
            .ok_or_else(|| format!("'{name}' must be a whole number of at least 1"))
    }

    /// Height and width: one number for both, two, or TensorFlow's four.
    fn pair(&self, name: &str) -> Result<[usize; 2], String> {
        let wrong = || format!("'{name}' must be one whole number of at least 1, or two");
        let id = self.get(name).ok_or_else(wrong)?;
        if let Some(both) = self.length(id) {
            return Ok([both; 2]);
        }
        let items = self.pickle.items(id).ok_or_else(wrong)?;
        let lengths: Option<Vec<usize>> = items.iter().map(|i| self.length(*i)).collect();
        match lengths.as_deref() {
            Some([h, w] | [1, h, w, 1]) => Ok([*h, *w]),
            _ => Err(wrong()),
        }
    }

    fn pair_or(&self, name: &str, otherwise: [usize; 2]) -> Result<[usize; 2], String> {
        self.get(name).map_or(Ok(otherwise), |_| self.pair(name))
    }

    /// TensorFlow's layers do not pad unless they are told to.
    fn padding(&self) -> Result<Rule, String> {
        match self.text("padding").map(str::to_uppercase).as_deref() {
            Some("SAME") => Ok(Rule::Same),
            None | Some("VALID") => Ok(Rule::Valid),
            Some("VALID_TIME") => Ok(Rule::ValidTime),
            Some(other) => Err(format!("padding '{other}' is not known (SAME, VALID)")),
        }
    }

    fn pool(&self) -> Result<Pool, String> {
        let size = match self.get("pool_size") {
            Some(_) => "pool_size",
            None => "ksize",
        };
        Ok(Pool {
            size: self.pair(size)?,
            stride: self.pair("strides")?,
            padding: self.padding()?,
        })
    }

    /// Whether the layer rectifies its own output.
    fn activation(&self) -> Result<bool, String> {
        match self.get("activation") {
            None => Ok(false),
            Some(id) => match self.pickle.global(id) {
                Some((_, "relu")) => Ok(true),
                _ => Err("has an activation that is not known; relu is".into()),
            },
        }
    }

    /// Tasks and their numbers of classes, sorted by task.
    fn tasks(&self, name: &str) -> Vec<(String, usize)> {
        let pairs = self.get(name).and_then(|id| self.pickle.pairs(id));
        let mut tasks: Vec<(String, usize)> = pairs
            .into_iter()
            .flatten()
            .filter_map(|(task, n)| Some((self.pickle.text(*task)?.to_owned(), self.length(*n)?)))
            .collect();
        tasks.sort();
        tasks
    }
}
