//! Arguments that several subcommands share.

use crate::Result;
use crate::cpu::Convolving;
use crate::network::{Executor, Graph};
use crate::session::device;
use crate::stimulus::{Crop, Part};
use crate::synthesis::Loss;
use clap::{Args, ValueEnum};
use std::path::Path;
use std::sync::Arc;

/// Whether the file that a subcommand writes may take the place of another.
#[derive(Args, Clone, Debug)]
pub struct Replacing {
    /// Replaces an existing file.
    #[arg(long)]
    overwrite: bool,
}

impl Replacing {
    /// Asked before the work, not after it.
    ///
    /// # Errors
    /// When there is such a file already and nobody said that it may be replaced.
    pub fn permits(&self, out: &Path) -> anyhow::Result<()> {
        if !self.overwrite && out.exists() {
            anyhow::bail!(
                "{} exists already. Use --overwrite to replace it",
                out.display()
            );
        }
        Ok(())
    }
}

/// Where a network runs.
#[derive(Args, Clone, Debug)]
pub struct Computer {
    /// cpu (fast), reference (slow, on candle tensors), or, where built in, cuda, cuda:1, … and metal.
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// Threads; 0 means one per core.
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// Convolutions: exact, or fast (Winograd's algorithm where it saves work; rounding errors are about four times as
    /// large). The default is fast for a synthesis and exact for everything else.
    #[arg(long, value_enum)]
    pub conv: Option<ConvArg>,
}

/// How convolutions are computed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ConvArg {
    /// Every product of the definition.
    Exact,
    /// Winograd's algorithm where it saves work.
    Fast,
}

impl Computer {
    /// An executor for a network, exact unless it was asked to be fast.
    pub fn executor(&self, graph: Arc<Graph>) -> Result<Box<dyn Executor>> {
        let conv = self.convolving(Convolving::Exact);
        device::executor(graph, &self.device, self.threads, conv)
    }

    /// How convolutions are to be computed.
    pub fn convolving(&self, otherwise: Convolving) -> Convolving {
        match self.conv {
            None => otherwise,
            Some(ConvArg::Exact) => Convolving::Exact,
            Some(ConvArg::Fast) => Convolving::Fast,
        }
    }

    /// The thread count in words.
    pub fn describe(&self) -> String {
        let threads = if self.device == "cpu" {
            device::thread_count(self.threads)
        } else {
            1
        };
        let plural = if threads == 1 { "" } else { "s" };
        format!("{}, {threads} thread{plural}", self.device)
    }
}

/// How a picture becomes the network's input.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum CropArg {
    /// Truncated bounds, bilinear.
    Feather2019,
    /// Bounds rounded half to even, bicubic.
    Feather2023,
}

impl From<CropArg> for Crop {
    fn from(crop: CropArg) -> Self {
        match crop {
            CropArg::Feather2019 => Self::Feather2019,
            CropArg::Feather2023 => Self::Feather2023,
        }
    }
}

/// Which part of a sound is used.
#[derive(Args, Clone, Copy, Debug)]
pub struct Listening {
    /// The part of a longer sound: 'loudest', or seconds from its beginning.
    #[arg(long, default_value = "loudest")]
    pub part: Part,
}

/// A loss by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum LossArg {
    /// Half the sum of squared differences.
    HalfSquared,
    /// Distance relative to the target's norm.
    RelativeL2,
    /// Sum of absolute differences.
    L1,
}

impl From<LossArg> for Loss {
    fn from(loss: LossArg) -> Self {
        match loss {
            LossArg::HalfSquared => Self::HalfSquared,
            LossArg::RelativeL2 => Self::RelativeL2,
            LossArg::L1 => Self::L1,
        }
    }
}
