// Builds the jsPsych timeline from timeline.js. Change this file as you like: everything in it is ordinary jsPsych 8.
"use strict";

const settings = EXPERIMENT.settings;
const query = new URLSearchParams(location.search);

const jsPsych = initJsPsych({
  show_progress_bar: true,
  message_progress_bar: "Progress",
});
const participant = query.get("participant") || jsPsych.randomization.randomID(8);
jsPsych.data.addProperties({ participant, experiment: EXPERIMENT.title, program: EXPERIMENT.program });

// Which trials, in which order.
function chosen() {
  let trials = EXPERIMENT.trials.slice();
  if (settings.one_condition_per_stimulus) {
    // As in the papers: nobody meets the same stimulus twice. Conditions are spread over the stimuli at random.
    const stimuli = [...new Set(trials.map((t) => t.stimulus))];
    trials = stimuli.map((s) => jsPsych.randomization.sampleWithoutReplacement(trials.filter((t) => t.stimulus === s), 1)[0]);
  }
  if (settings.order === "deep_to_shallow") {
    const shuffled = jsPsych.randomization.shuffle(trials);
    return shuffled.sort((a, b) => b.layer_index - a.layer_index);
  }
  return settings.order === "as_listed" ? trials : jsPsych.randomization.shuffle(trials);
}

const trials = chosen();
const files = [...new Set(trials.flatMap((t) => t.files))];

// Timeline variables are not preloaded by themselves, so every file is named.
const preload = {
  type: jsPsychPreload,
  images: files.filter((f) => f.endsWith(".png")),
  audio: files.filter((f) => f.endsWith(".wav")),
  show_detailed_errors: true,
  message: "Loading",
};

const welcome = {
  type: jsPsychHtmlButtonResponse,
  stimulus: EXPERIMENT.instructions,
  choices: ["Begin"],
  button_html: (choice) => `<button class="jspsych-btn primary" id="begin">${choice}</button>`,
  data: { part: "welcome" },
};

const procedure = {
  timeline: [{
    type: jsPsychMetamerResponse,
    stimuli: jsPsych.timelineVariable("files"),
    modality: jsPsych.timelineVariable("modality"),
    choices: () => EXPERIMENT.choices[jsPsych.evaluateTimelineVariable("choices")],
    prompt: () => EXPERIMENT.prompts[jsPsych.evaluateTimelineVariable("prompt")],
    most_buttons: settings.most_buttons,
    replays: settings.replays,
    first_duration: settings.first_duration,
    gap: settings.gap,
    picture_duration: settings.picture_duration,
    data: () => {
      const { files, choices, prompt, ...said } = jsPsych.evaluateTimelineVariable("all");
      return { part: "trial", file: files.join(" "), ...said };
    },
    on_finish: (data) => {
      data.as_expected = data.response === data.expected;
    },
  }],
  timeline_variables: trials.map((t) => ({ ...t, all: t })),
};

function results() {
  return jsPsych.data.get().filter({ part: "trial" }).ignore(["part", "trial_type", "plugin_version"]);
}

const name = () => `${EXPERIMENT.name}_${participant}.csv`;

const end = {
  type: jsPsychHtmlButtonResponse,
  stimulus: () => {
    const right = results().filter({ as_expected: true }).count(), all = results().count();
    return `<h1>Thank you</h1><p>${right} of ${all} answers were as expected.</p>
      <p>Your answers are being saved as <b>${name()}</b>.</p>
      <p><button type="button" id="save">Save again</button></p>
      <details><summary>The table itself</summary><textarea readonly aria-label="Results" id="results"></textarea></details>`;
  },
  choices: [],
  on_load: () => {
    const save = () => results().localSave("csv", name());
    document.getElementById("results").value = results().csv();
    document.getElementById("save").addEventListener("click", save);
    save();
  },
  data: { part: "end" },
};

jsPsych.run([preload, welcome, procedure, end]);
