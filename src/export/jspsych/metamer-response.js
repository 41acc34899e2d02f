// A jsPsych plugin: shows a picture or plays a sound (or two, one after the other) and takes an answer, chosen from
// buttons or typed with suggestions. Sounds can be played again. Works from file:// and from a server.
var jsPsychMetamerResponse = (function (jspsych) {
  "use strict";

  const T = jspsych.ParameterType;
  const info = {
    name: "metamer-response",
    version: "1.0.0",
    parameters: {
      // Paths of one picture or sound, or of two that come one after the other.
      stimuli: { type: T.STRING, array: true, default: undefined },
      // "image" or "sound".
      modality: { type: T.STRING, default: undefined },
      // The answers that there are.
      choices: { type: T.STRING, array: true, default: undefined },
      // What is asked.
      prompt: { type: T.HTML_STRING, default: "" },
      // More choices than this are typed, with suggestions; the others are buttons.
      most_buttons: { type: T.INT, default: 16 },
      // Whether sounds can be played again, and how often: -1 for as often as one likes, 0 for not at all.
      replays: { type: T.INT, default: -1 },
      // How long the first of two pictures is shown, in milliseconds.
      first_duration: { type: T.INT, default: 1000 },
      // How long nothing is shown or played between two, in milliseconds.
      gap: { type: T.INT, default: 500 },
      // How long a picture is shown before it disappears, in milliseconds; null for until there is an answer.
      picture_duration: { type: T.INT, default: null },
    },
    data: {
      response: { type: T.STRING },
      rt: { type: T.INT },
      replays: { type: T.INT },
      listened: { type: T.BOOL },
    },
  };

  class MetamerResponse {
    constructor(jsPsych) { this.jsPsych = jsPsych; }

    trial(element, trial) {
      const sound = trial.modality === "sound";
      const typed = trial.choices.length > trial.most_buttons;
      element.innerHTML = `
        <div class="stage ${sound ? "sound" : "picture"}"></div>
        <div class="question">${trial.prompt}</div>
        <form class="answers"></form>
        <div class="hint" role="status" aria-live="polite"></div>`;
      const stage = element.querySelector(".stage"), form = element.querySelector(".answers"), hint = element.querySelector(".hint");
      let begun = null, replays = 0, listened = !sound, over = false;
      let current = null;
      const timers = [];

      const finish = (response) => {
        if (over || begun === null) return;
        over = true;
        const rt = Math.round(performance.now() - begun);
        timers.forEach(clearTimeout);
        if (current) current.pause();
        element.innerHTML = "";
        this.jsPsych.finishTrial({ response, rt, replays, listened });
      };

      // The answers can be given once everything has been shown or heard for the first time.
      const allow = () => {
        form.querySelectorAll("button, input").forEach((e) => { e.disabled = false; });
        const input = form.querySelector("input");
        if (input) { input.focus(); check(); }
      };

      let check = () => {};
      if (typed) {
        form.innerHTML = `<input type="text" list="answers" autocomplete="off" autocapitalize="off" spellcheck="false" aria-label="Your answer" disabled>
          <datalist id="answers"></datalist><button type="submit" class="primary" disabled>Continue</button>`;
        const input = form.querySelector("input"), button = form.querySelector("button"), list = form.querySelector("datalist");
        list.append(...trial.choices.map((choice) => { const option = document.createElement("option"); option.value = choice; return option; }));
        const known = new Map(trial.choices.map((choice) => [choice.toLowerCase(), choice]));
        const answer = () => known.get(input.value.trim().toLowerCase());
        check = () => {
          const text = input.value.trim().toLowerCase();
          button.disabled = !answer();
          const near = text && !answer() ? trial.choices.filter((c) => c.toLowerCase().startsWith(text)) : [];
          hint.textContent = !text ? "Type, and choose from the suggestions" : answer() ? "" : near.length ? near.slice(0, 6).join(", ") : "This is not among the answers";
        };
        input.addEventListener("input", check);
        form.addEventListener("submit", (event) => { event.preventDefault(); if (answer()) finish(answer()); });
      } else {
        form.addEventListener("submit", (event) => event.preventDefault());
        for (const choice of trial.choices) {
          const button = document.createElement("button");
          button.type = "button";
          button.textContent = choice;
          button.disabled = true;
          button.dataset.choice = choice;
          button.addEventListener("click", () => finish(choice));
          form.append(button);
        }
      }

      if (sound) {
        const again = document.createElement("button"), speaker = document.createElement("div");
        speaker.className = "speaker";
        again.type = "button";
        again.id = "play-again";
        again.textContent = "Play again";
        again.disabled = true;
        stage.append(speaker, again);
        const players = trial.stimuli.map((path) => new Audio(path));
        const fail = () => { speaker.textContent = "The sound cannot be played. Check the browser's permission to play sound, then press Play again."; again.disabled = false; };
        const play = (i) => {
          if (over) return;
          if (i === players.length) {
            speaker.textContent = "";
            listened = true;
            again.disabled = trial.replays >= 0 && replays >= trial.replays;
            allow();
            return;
          }
          current = players[i];
          current.currentTime = 0;
          current.onended = () => timers.push(setTimeout(() => play(i + 1), i + 1 < players.length ? trial.gap : 0));
          current.onplaying = () => { if (begun === null) begun = performance.now(); };
          current.onerror = fail;
          speaker.textContent = players.length > 1 ? `Sound ${i + 1} of ${players.length}` : "Listen";
          current.play().catch(fail);
        };
        again.addEventListener("click", () => { if (listened) replays++; again.disabled = true; play(0); });
        play(0);
      } else {
        const image = document.createElement("img");
        image.alt = "";
        stage.append(image);
        const show = (i) => {
          if (over) return;
          image.style.visibility = "visible";
          image.src = trial.stimuli[i];
          if (i + 1 < trial.stimuli.length) {
            timers.push(setTimeout(() => {
              image.style.visibility = "hidden";
              timers.push(setTimeout(() => show(i + 1), trial.gap));
            }, trial.first_duration));
            return;
          }
          image.decode().catch(() => {}).then(() => {
            begun = performance.now();
            allow();
            if (trial.picture_duration !== null) timers.push(setTimeout(() => { image.style.visibility = "hidden"; }, trial.picture_duration));
          });
        };
        show(0);
      }
    }
  }

  MetamerResponse.info = info;
  return MetamerResponse;
})(jsPsychModule);
