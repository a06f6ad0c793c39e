// Where the page begins: who is there, which view is shown, language and theme.

import { showAccounts, wireAccounts } from "./accounts.js";
import * as api from "./api.js";
import { ask } from "./ask.js";
import { showAudit, wireAudit } from "./audit.js";
import { showControls, wireControls } from "./controls.js";
import { element, find, write } from "./dom.js";
import { LANGUAGES, loadLanguage, locale, say } from "./languages.js";
import { beginLive, showLive } from "./live.js";
import { attempt, tell } from "./messages.js";
import { showOutbox, wireOutbox } from "./outbox.js";
import { openReview, renew, showReview, wireReview } from "./review.js";
import { showSamples, wireSamples } from "./samples.js";
import { wireSteering } from "./steer.js";
import { applyTheme, switchTheme } from "./theme.js";
import { isService, isSupervisor, who } from "./who.js";

const VIEWS = {
  live: showLive,
  samples: showSamples,
  controls: showControls,
  review: openReview,
  outbox: showOutbox,
  audit: showAudit,
  accounts: showAccounts,
};

async function begin() {
  applyTheme();
  await loadLanguage();
  wireShell();
  for (const wire of [wireSteering, wireSamples, wireReview, wireControls, wireOutbox, wireAudit, wireAccounts]) wire();
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
  find("change-password").onclick = changePassword;
  for (const link of find("menu").querySelectorAll("a")) link.onclick = () => find("menu").hidePopover();
  addEventListener("hashchange", () => who.account && route());
}

async function changeLanguage(chosen) {
  await loadLanguage(chosen);
  tell("");
  showPerson();
  if (!who.account) return;
  showLive();
  if (location.hash.startsWith("#review")) showReview();
  else route();
}

function signIn(event) {
  event.preventDefault();
  attempt(async () => {
    enter(await api.signIn(find("signin-name").value, find("signin-password").value));
    tell("");
  });
  find("signin-password").value = "";
}

async function changePassword() {
  find("menu").hidePopover();
  const field = { type: "password", autocomplete: "current-password" };
  const given = await ask(say("password.how"), say("password.do"), [
    { name: "old", label: say("password.old"), ...field },
    { name: "wanted", label: say("password.new"), ...field, autocomplete: "new-password" },
  ]);
  if (given && (await attempt(() => api.changePassword(given.old, given.wanted)))) location.reload();
}

async function enter(session) {
  who.account = session.account;
  who.needsPassword = session.needs_password ?? true;
  showPerson();
  find("sign-name").value = who.account.name;
  find("sign-out").hidden = find("change-password").hidden = !who.needsPassword;
  for (const link of document.querySelectorAll("[data-roles]")) {
    link.hidden = !link.dataset.roles.split(" ").includes(who.account.role);
  }
  const known = await api.status().catch(() => null);
  write(find("laboratory"), known?.laboratory ?? "");
  if (known?.population) find("population").value = find("population").dataset.usual = known.population;
  if (!isService()) beginLive(() => attempt(renew));
  route();
}

function showPerson() {
  write(find("person"), who.account ? who.account.full_name || who.account.name : say("menu"));
}

// A view that a role may not see is the first one that it may.
function allowed(name) {
  if (isService()) return "accounts";
  if (["audit", "accounts"].includes(name) && !isSupervisor()) return "live";
  return name in VIEWS ? name : "live";
}

function route() {
  const [name, detail] = location.hash.slice(1).split("/");
  const view = allowed(name);
  find("menu").hidePopover();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  tell("");
  showOnly(view);
  attempt(() => VIEWS[view](detail));
}

function showOnly(view) {
  for (const section of document.querySelectorAll(".view")) {
    section.hidden = section.id !== `view-${view}`;
  }
  const current = view === "review" ? "samples" : view;
  for (const link of document.querySelectorAll("nav a, #menu a")) {
    if (link.hash === `#${current}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

begin();
