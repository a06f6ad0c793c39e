// Where the page begins: who is there, which view is shown, language and theme.

import * as api from "./api.js";
import { showControls, wireControls } from "./controls.js";
import { element, find, write } from "./dom.js";
import { LANGUAGES, loadLanguage, locale } from "./languages.js";
import { beginLive, showLive } from "./live.js";
import { attempt, tell } from "./messages.js";
import { openReview, showReview, wireReview } from "./review.js";
import { showSamples, wireSamples } from "./samples.js";
import { wireSteering } from "./steer.js";
import { applyTheme, switchTheme } from "./theme.js";

const VIEWS = { live: showLive, samples: showSamples, controls: showControls, review: openReview };
let account = null;

async function begin() {
  applyTheme();
  await loadLanguage();
  wireShell();
  wireSteering();
  wireSamples();
  wireReview();
  wireControls();
  await api.session().then(enter, () => showOnly("signin"));
}

function wireShell() {
  const chooser = find("language");
  for (const [value, name] of Object.entries(LANGUAGES)) {
    chooser.append(element("option", { value, textContent: name, lang: value }));
  }
  chooser.value = locale();
  chooser.onchange = () => changeLanguage(chooser.value);
  find("theme").onclick = switchTheme;
  find("message-close").onclick = () => tell("");
  find("signin-form").addEventListener("submit", signIn);
  find("sign-out").onclick = () => attempt(api.signOut).then(() => location.reload());
  addEventListener("hashchange", () => account && route());
}

async function changeLanguage(chosen) {
  await loadLanguage(chosen);
  tell("");
  showLive();
  if (location.hash.startsWith("#review")) showReview();
  else if (account) route();
}

function signIn(event) {
  event.preventDefault();
  attempt(async () => {
    enter(await api.signIn(find("signin-name").value, find("signin-password").value));
    tell("");
  });
  find("signin-password").value = "";
}

async function enter(session) {
  account = session.account;
  write(find("person"), account.full_name || account.name);
  find("sign-name").value = account.name;
  find("sign-out").hidden = false;
  const known = await api.status().catch(() => null);
  write(find("laboratory"), known?.laboratory ?? "");
  if (known?.population) find("population").value = known.population;
  beginLive(account);
  route();
}

function route() {
  const [name, detail] = location.hash.slice(1).split("/");
  const view = name in VIEWS ? name : "live";
  showOnly(view);
  attempt(() => VIEWS[view](detail));
}

function showOnly(view) {
  for (const section of document.querySelectorAll(".view")) {
    section.hidden = section.id !== `view-${view}`;
  }
  const nav = view === "review" ? "samples" : view;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${nav}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

begin();
