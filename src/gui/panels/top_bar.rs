//! The bar at the top: the program's name, and what is not about one run.

use super::View;
use crate::gui::action::Action;
use crate::gui::message::Message;
use crate::gui::page::Page;
use crate::gui::{theme, widgets};
use egui::{Align, Button, Layout, RichText, Role, Stroke, Ui, WidgetInfo, vec2};

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    ui.horizontal_centered(|ui| {
        ui.label(RichText::new("Metamer Studio").font(theme::strong(14.0)));
        ui.add_space(12.0);
        tabs(ui, view);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            let commands = format!(
                "{}  {}",
                Action::Commands.label(),
                Action::Commands.keys(view.state.hears())
            );
            widgets::labelled_button(ui, view, Action::Commands, &commands);
            let theme = format!("Theme  {}", view.state.choices.theme.title());
            widgets::labelled_button(ui, view, Action::SwitchTheme, &theme);
            export(ui, view);
            widgets::labelled_button(ui, view, Action::OpenFile, "Open");
            let present = format!("Present  {}", Action::Present.keys(view.state.hears()));
            widgets::labelled_button(ui, view, Action::Present, &present);
        });
    });
}

/// The pages.
fn tabs(ui: &mut Ui, view: &mut View<'_>) {
    let t = theme::tokens(ui);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for page in Page::ALL {
            let action = page.action();
            let chosen = page == view.state.page;
            let ink = if chosen { t.text } else { t.muted };
            let button = Button::new(RichText::new(action.label()).color(ink))
                .fill(if chosen { t.raised } else { t.background })
                .stroke(Stroke::NONE)
                .min_size(vec2(64.0, 28.0));
            let response = ui.add(button);
            response.widget_info(|| WidgetInfo::selected(Role::Tab, true, chosen, action.label()));
            if response.clicked() {
                view.out.push(Message::Do(action));
            }
            let keys = action.keys(view.state.hears());
            response.on_hover_text(format!("{}\n{keys}", action.tooltip()));
        }
    });
}

fn export(ui: &mut Ui, view: &mut View<'_>) {
    let menu = ui.menu_button("Export", |ui| {
        widgets::action_item(ui, view, Action::Export);
        if view.state.page == Page::Make {
            ui.separator();
            let forms: &[Action] = if view.state.hears() {
                &[Action::ExportWav, Action::ExportNpy]
            } else {
                &[Action::ExportPng, Action::ExportNpy, Action::CopyPicture]
            };
            for action in forms.iter().copied() {
                widgets::action_item(ui, view, action);
            }
            ui.separator();
            for action in [
                Action::ExportFolder,
                Action::OpenFolder,
                Action::CopyFolderPath,
            ] {
                widgets::action_item(ui, view, action);
            }
        }
    });
    menu.response.on_hover_text("Save or copy what is shown");
}
