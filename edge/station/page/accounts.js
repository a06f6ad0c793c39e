// Accounts: seen by supervisors, kept by service.

import * as api from "./api.js";
import { ask, isSure } from "./ask.js";
import { element, find, write } from "./dom.js";
import { say } from "./languages.js";
import { attempt, tell } from "./messages.js";
import { isService, who } from "./who.js";

const ROLES = ["operator", "supervisor", "service"];

export function wireAccounts() {
  find("account-form").addEventListener("submit", add);
}

export async function showAccounts() {
  find("account-form").hidden = !isService();
  write(find("accounts-note"), noteFor());
  find("account-rows").replaceChildren(...(await api.accounts()).map(row));
}

function noteFor() {
  if (!who.needsPassword) return say("accounts.noneYet");
  return isService() ? "" : say("accounts.byService");
}

function add(event) {
  event.preventDefault();
  change(async () => {
    await api.addAccount({
      name: find("account-name").value,
      full_name: find("account-full-name").value,
      role: find("account-role").value,
      password: find("account-password").value,
    });
    find("account-form").reset();
  }, "accounts.added");
}

function row(account) {
  const state = account.is_disabled ? "locked" : "open";
  const tag = element("span", { className: "tag", textContent: say(`account.${state}`) });
  tag.dataset.state = account.is_disabled ? "rejected" : "signed";
  const buttons = isService() ? buttonsFor(account) : [];
  return element(
    "tr",
    {},
    element("td", {}, account.name),
    element("td", {}, account.full_name),
    element("td", {}, say(`role.${account.role}`)),
    element("td", {}, tag),
    element("td", {}, element("div", { className: "group" }, ...buttons)),
  );
}

// Nobody locks themselves out: that is another service account's work.
function buttonsFor(account) {
  const password = button("account.newPassword", account, () => newPassword(account.name));
  if (account.name === who.account.name) return [password];
  const verb = account.is_disabled ? "unlock" : "lock";
  return [
    password,
    button("account.changeRole", account, () => changeRole(account)),
    button(`account.${verb}`, account, () => lock(account.name, verb)),
  ];
}

function button(key, { name }, act) {
  const made = element("button", { type: "button", textContent: say(key) });
  made.setAttribute("aria-label", `${say(key)}: ${name}`);
  made.onclick = act;
  return made;
}

async function newPassword(name) {
  const field = { name: "password", label: say("password.new"), type: "password", autocomplete: "new-password" };
  const given = await ask(say("account.askPassword", { name }), say("password.do"), [field]);
  if (given) await change(() => api.changeAccount(name, "password", given), "accounts.changed");
}

async function changeRole({ name, role }) {
  const choices = ROLES.map((one) => [one, say(`role.${one}`)]);
  const field = { name: "role", label: say("account.role"), choices, value: role };
  const given = await ask(say("account.askRole", { name }), say("account.changeRole"), [field]);
  if (given) await change(() => api.changeAccount(name, "role", given), "accounts.changed");
}

async function lock(name, verb) {
  const isWanted = verb === "unlock" || (await isSure(say("account.askLock", { name }), say("account.lock")));
  if (isWanted) await change(() => api.changeAccount(name, verb), "accounts.changed");
}

function change(act, done) {
  return attempt(async () => {
    await act();
    tell(say(done));
    await showAccounts();
  });
}
