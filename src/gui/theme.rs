//! The look of the window in one place: colours, type and spacing. No panel names a colour.

use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke,
    TextStyle, Theme,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which theme a person asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// As the desktop.
    #[default]
    System,
    /// Always dark.
    Dark,
    /// Always light.
    Light,
}

impl ThemeChoice {
    /// The choice that follows when a person switches.
    pub fn next(self) -> Self {
        match self {
            Self::System => Self::Dark,
            Self::Dark => Self::Light,
            Self::Light => Self::System,
        }
    }

    /// What the switch shows.
    pub fn title(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Dark => "Dark",
            Self::Light => "Light",
        }
    }
}

impl From<ThemeChoice> for egui::ThemePreference {
    fn from(choice: ThemeChoice) -> Self {
        match choice {
            ThemeChoice::System => Self::System,
            ThemeChoice::Dark => Self::Dark,
            ThemeChoice::Light => Self::Light,
        }
    }
}

/// The colours by what they are for.
#[derive(Debug)]
pub struct Tokens {
    /// The window.
    pub background: Color32,
    /// Side bar and cards.
    pub panel: Color32,
    /// Controls and selected rows.
    pub raised: Color32,
    /// A control under the pointer.
    pub hover: Color32,
    /// Borders and grids.
    pub line: Color32,
    /// Text that is read first.
    pub text: Color32,
    /// Text that explains.
    pub muted: Color32,
    /// Text that is there when looked for.
    pub faint: Color32,
    /// The primary action, and the metamer in every plot.
    pub accent: Color32,
    /// Ink on the accent.
    pub on_accent: Color32,
    /// The reference in every plot.
    pub reference: Color32,
    /// Passed; always with a word beside it.
    pub pass: Color32,
    /// Unknown or not yet; always with a word beside it.
    pub unknown: Color32,
    /// Failed; always with a word beside it.
    pub fail: Color32,
    /// Lines over a heat map, which has its own colours in every theme.
    pub mark: Color32,
    /// Around such lines, so that they show on every colour.
    pub mark_edge: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// The dark theme.
pub const DARK: Tokens = Tokens {
    background: rgb(0x15171b),
    panel: rgb(0x1b1e24),
    raised: rgb(0x242831),
    hover: rgb(0x2c313c),
    line: rgb(0x2c313b),
    text: rgb(0xe6e8ec),
    muted: rgb(0x9aa3b0),
    faint: rgb(0x8a94a3),
    accent: rgb(0x7cc4ff),
    on_accent: rgb(0x0b1a26),
    reference: rgb(0xc9d1dc),
    pass: rgb(0x6fd08c),
    unknown: rgb(0xe6c35c),
    fail: rgb(0xef7d74),
    mark: rgb(0xffffff),
    mark_edge: Color32::from_black_alpha(150),
};

/// The light theme.
pub const LIGHT: Tokens = Tokens {
    background: rgb(0xf6f7f9),
    panel: rgb(0xffffff),
    raised: rgb(0xeceff3),
    hover: rgb(0xe2e6ec),
    line: rgb(0xd9dee5),
    text: rgb(0x171a1f),
    muted: rgb(0x59616d),
    faint: rgb(0x636c78),
    accent: rgb(0x0b6bcb),
    on_accent: rgb(0xffffff),
    reference: rgb(0x3d4551),
    pass: rgb(0x177a42),
    unknown: rgb(0x8a5f00),
    fail: rgb(0xc23b32),
    mark: rgb(0xffffff),
    mark_edge: Color32::from_black_alpha(150),
};

/// The colours of the theme in force.
pub fn tokens(ui: &egui::Ui) -> &'static Tokens {
    if ui.visuals().dark_mode {
        &DARK
    } else {
        &LIGHT
    }
}

/// The semibold face.
pub fn strong_family() -> FontFamily {
    FontFamily::Name("strong".into())
}

/// The regular face at a size in points.
pub fn regular(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// The semibold face at a size in points.
pub fn strong(size: f32) -> FontId {
    FontId::new(size, strong_family())
}

/// Size of body text.
pub const BODY: f32 = 13.0;
/// Size of secondary text.
pub const SMALL: f32 = 11.5;
/// Size of the word that tells the state.
pub const LEAD: f32 = 14.5;
/// Corners of cards and pictures.
pub const CORNER: u8 = 7;
/// Corners of controls.
pub const CONTROL_CORNER: u8 = 5;

/// Installs fonts and both themes.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    for (theme, tokens) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        ctx.set_style_of(theme, style(theme, tokens));
    }
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let faces: [(&str, &[u8]); 2] = [
        (
            "Inter",
            include_bytes!("../../assets/fonts/Inter-Regular.otf"),
        ),
        (
            "Inter SemiBold",
            include_bytes!("../../assets/fonts/Inter-SemiBold.otf"),
        ),
    ];
    for (name, bytes) in faces {
        fonts
            .font_data
            .insert(name.into(), Arc::new(FontData::from_static(bytes)));
    }
    // Signs that the reduced Inter lacks come from the fonts that egui carries.
    let fallback = fonts
        .families
        .get(&FontFamily::Proportional)
        .cloned()
        .unwrap_or_default();
    let with = |first: &str| {
        std::iter::once(first.to_owned())
            .chain(fallback.iter().cloned())
            .collect::<Vec<_>>()
    };
    fonts
        .families
        .insert(FontFamily::Proportional, with("Inter"));
    fonts
        .families
        .insert(strong_family(), with("Inter SemiBold"));
    fonts
}

fn style(theme: Theme, t: &Tokens) -> egui::Style {
    let mut style = egui::Style {
        visuals: theme.default_visuals(),
        ..Default::default()
    };
    style.text_styles = [
        (TextStyle::Heading, strong(16.0)),
        (TextStyle::Body, regular(BODY)),
        (TextStyle::Button, regular(BODY)),
        (TextStyle::Small, regular(SMALL)),
        (TextStyle::Monospace, FontId::monospace(12.0)),
    ]
    .into();
    let s = &mut style.spacing;
    s.item_spacing = egui::vec2(8.0, 8.0);
    s.button_padding = egui::vec2(10.0, 4.0);
    s.interact_size = egui::vec2(28.0, 26.0);
    s.window_margin = Margin::same(16);
    s.menu_margin = Margin::same(6);
    s.combo_width = 80.0;
    s.scroll.bar_width = 6.0;
    s.scroll.floating = true;
    s.tooltip_width = 420.0;
    style.interaction.selectable_labels = false;
    style.animation_time = 0.0;

    let v = &mut style.visuals;
    v.override_text_color = None;
    v.panel_fill = t.background;
    v.window_fill = t.panel;
    v.window_stroke = Stroke::new(1.0, t.line);
    v.window_corner_radius = CornerRadius::same(CORNER + 2);
    v.menu_corner_radius = CornerRadius::same(CORNER);
    v.window_shadow = egui::Shadow::NONE;
    v.popup_shadow = egui::Shadow::NONE;
    v.extreme_bg_color = t.background;
    v.text_edit_bg_color = Some(t.background);
    v.faint_bg_color = t.panel;
    v.code_bg_color = t.raised;
    v.hyperlink_color = t.accent;
    v.warn_fg_color = t.unknown;
    v.error_fg_color = t.fail;
    v.weak_text_color = Some(t.faint);
    v.selection.bg_fill = t.accent.gamma_multiply(0.32);
    v.selection.stroke = Stroke::new(1.0, t.text);
    let w = &mut v.widgets;
    for (state, fill, edge, ink) in [
        (&mut w.noninteractive, t.panel, t.line, t.text),
        (&mut w.inactive, t.raised, t.line, t.text),
        (&mut w.hovered, t.hover, t.faint, t.text),
        (&mut w.active, t.hover, t.accent, t.text),
        (&mut w.open, t.hover, t.faint, t.text),
    ] {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.bg_stroke = Stroke::new(1.0, edge);
        state.fg_stroke = Stroke::new(1.0, ink);
        state.corner_radius = CornerRadius::same(CONTROL_CORNER);
        state.expansion = 0.0;
    }
    style
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(c: Color32) -> f64 {
        let linear = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.040_45 {
                v / 12.92
            } else {
                ((v + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(c.r()) + 0.7152 * linear(c.g()) + 0.0722 * linear(c.b())
    }

    /// The contrast ratio of the Web Content Accessibility Guidelines 2.
    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_everything_that_it_stands_on() {
        for (name, t) in [("dark", &DARK), ("light", &LIGHT)] {
            let inks = [
                ("text", t.text),
                ("muted", t.muted),
                ("faint", t.faint),
                ("accent", t.accent),
            ];
            let states = [
                ("pass", t.pass),
                ("unknown", t.unknown),
                ("fail", t.fail),
                ("reference", t.reference),
            ];
            for (ink, colour) in inks.into_iter().chain(states) {
                for (ground, under) in [
                    ("background", t.background),
                    ("panel", t.panel),
                    ("raised", t.raised),
                ] {
                    let ratio = contrast(colour, under);
                    assert!(
                        ratio >= 4.5,
                        "{name}: {ink} on {ground} has contrast {ratio:.2}"
                    );
                }
            }
            assert!(
                contrast(t.on_accent, t.accent) >= 4.5,
                "{name}: ink on accent"
            );
        }
    }
}
