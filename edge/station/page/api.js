// The station's HTTP interface: one function a call, errors as sentences.

const ROOT = "/api/1";
const UNREACHABLE = { error: "error.unreachable", mend: "error.unreachable.mend" };
/** Rows of a list that are asked for at once. */
export const PAGE = 50;
export const CROP_SIDE_UM = 24;
let csrf = "";

/** A refusal: `message` and `mend` in the station's English, and the code of both. */
export class Refusal extends Error {
  constructor(status, { error, mend, code, values }) {
    super(error);
    this.status = status;
    this.mend = mend ?? "";
    this.code = code ?? "";
    this.values = values ?? {};
  }
}

async function call(method, path, body) {
  try {
    return await ask(method, path, body);
  } catch (fault) {
    // A station that was started anew knows the session under another token.
    if (fault.code !== "not_from_page" || path === "/session") throw fault;
    await session();
    return ask(method, path, body);
  }
}

async function ask(method, path, body) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  let answer;
  try {
    answer = await fetch(ROOT + path, { method, headers, body: JSON.stringify(body) });
  } catch {
    throw new Refusal(0, UNREACHABLE);
  }
  const text = await answer.text();
  const said = readJson(text);
  if (!answer.ok) throw new Refusal(answer.status, said?.error ? said : { error: answer.statusText });
  return said;
}

function readJson(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

function keepCsrf(session) {
  csrf = session?.csrf ?? "";
  return session;
}

const at = encodeURIComponent;

function query(wanted) {
  const given = Object.entries(wanted).filter(([, value]) => value != null);
  return `?${new URLSearchParams(given)}`;
}

export const session = async () => keepCsrf(await call("GET", "/session"));
export const signIn = async (name, password) =>
  keepCsrf(await call("POST", "/session", { name, password }));
export const signOut = () => call("DELETE", "/session");
export const changePassword = (old, wanted) => call("POST", "/password", { old, new: wanted });
export const status = () => call("GET", "/status");
export const startCount = (wanted) => call("POST", "/count", wanted);
export const steer = (verb, body) => call("POST", `/count/${verb}`, body);
export const samples = (before) => call("GET", `/samples${query({ before, limit: PAGE })}`);
export const report = (count) => call("GET", `/samples/${at(count)}`);
export const cells = (count) => call("GET", `/samples/${at(count)}/cells`);
export const review = (count, change) => call("POST", `/samples/${at(count)}/review`, change);
export const sign = (count, wanted) => call("POST", `/samples/${at(count)}/sign`, wanted);
export const amend = (count, reason) => call("POST", `/samples/${at(count)}/amend`, { reason });
export const discard = (count) => call("DELETE", `/samples/${at(count)}`);
export const send = (count, wanted) => call("POST", `/samples/${at(count)}/send`, wanted);
export const controls = () => call("GET", "/controls");
export const located = (found) => call("POST", "/controls/located", found);
export const strike = (check, reason) => call("POST", `/controls/located/${check}/strike`, { reason });
export const outbox = (before) => call("GET", `/outbox${query({ before, limit: PAGE })}`);
export const sendAgain = (message) => call("POST", `/outbox/${at(message)}/again`);
export const audit = (count, before) =>
  call("GET", `/audit${query({ count_id: count, before, limit: PAGE })}`);
export const auditCheck = () => call("GET", "/audit/check");
export const accounts = () => call("GET", "/accounts");
export const addAccount = (wanted) => call("POST", "/accounts", wanted);
export const changeAccount = (name, what, body) =>
  call("POST", `/accounts/${at(name)}/${what}`, body);

export const liveUrl = `${ROOT}/live`;
export const pictureUrl = (frame) => `${ROOT}/live/picture?frame=${at(frame)}`;
export const cropUrl = (count, cell) =>
  `${ROOT}/samples/${at(count)}/cells/${cell}/crop?side_um=${CROP_SIDE_UM}`;
export const fieldUrl = (count, frame) => `${ROOT}/samples/${at(count)}/fields/${at(frame)}`;
export const exportUrl = (count, kind) =>
  `${ROOT}/samples/${at(count)}/export/${kind}?language=${document.documentElement.lang}`;
