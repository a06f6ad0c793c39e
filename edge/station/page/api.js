// The station's HTTP interface: one function a call, errors as sentences.

const ROOT = "/api/1";
const UNREACHABLE = { error: "error.unreachable", mend: "error.unreachable.mend" };
let csrf = "";

/** A refusal in the station's words: `message`, and `mend`, what to do. */
export class Refusal extends Error {
  constructor(status, { error, mend }) {
    super(error);
    this.status = status;
    this.mend = mend ?? "";
  }
}

async function call(method, path, body) {
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

export const session = async () => keepCsrf(await call("GET", "/session"));
export const signIn = async (name, password) =>
  keepCsrf(await call("POST", "/session", { name, password }));
export const signOut = () => call("DELETE", "/session");
export const status = () => call("GET", "/status");
export const startCount = (wanted) => call("POST", "/count", wanted);
export const steer = (verb, body) => call("POST", `/count/${verb}`, body);
export const samples = (before) =>
  call("GET", `/samples?limit=50${before ? `&before=${at(before)}` : ""}`);
export const report = (count) => call("GET", `/samples/${at(count)}`);
export const cells = (count) => call("GET", `/samples/${at(count)}/cells`);
export const review = (count, change) => call("POST", `/samples/${at(count)}/review`, change);
export const sign = (count, password, comment) =>
  call("POST", `/samples/${at(count)}/sign`, { password, comment });
export const send = (count) => call("POST", `/samples/${at(count)}/send`);
export const controls = () => call("GET", "/controls");
export const located = (found) => call("POST", "/controls/located", found);

export const liveUrl = `${ROOT}/live`;
export const pictureUrl = (frame) => `${ROOT}/live/picture?frame=${at(frame)}`;
export const cropUrl = (count, cell) =>
  `${ROOT}/samples/${at(count)}/cells/${cell}/crop?side_um=24`;
export const fieldUrl = (count, frame) => `${ROOT}/samples/${at(count)}/fields/${at(frame)}`;
export const exportUrl = (count, kind) =>
  `${ROOT}/samples/${at(count)}/export/${kind}?language=${document.documentElement.lang}`;
