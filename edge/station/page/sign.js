// Signing a result, and its exports.

import * as api from "./api.js";
import { referenceOf, showDifferential } from "./differential.js";
import { element, find, write } from "./dom.js";
import { moment, number, say, sayRefusal } from "./languages.js";
import { attempt, tell } from "./messages.js";
import { isSure } from "./ask.js";
import { showWays, wireWays } from "./count_actions.js";
import { isSupervisor, who } from "./who.js";

const EXPORTS = { pdf: "PDF", csv: "CSV", json: "JSON", fhir: "FHIR", hl7: "HL7" };

let digest = "";

/**
 * `count()` gives the count's id, `renew()` has the cells shown as they are now;
 * `changed(report)` hears of a signature.
 */
export function wireSign(count, renew, changed) {
  find("to-sign").onclick = () =>
    attempt(async () => {
      // Cells and figures of one moment: what is signed is what is on the screen.
      await renew();
      const report = await api.report(count());
      showReport(report);
      // An amendment begins with what the former report said.
      if (!find("sign-comment").value) find("sign-comment").value = report.comment ?? "";
      find("sign").showModal();
    });
  find("sign-close").onclick = () => find("sign").close();
  wireWays(count);
  find("sign-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sign(count(), changed);
  });
}

async function sign(count, changed) {
  const password = find("sign-password").value;
  find("sign-password").value = "";
  const done = await attempt(async () => {
    const report = await signed(count, { password, comment: find("sign-comment").value, seen: digest });
    showReport(report);
    changed(report);
  });
  if (done) tell(say("sign.done"));
}

/** Sign; a report that changed meanwhile is shown as it is now, and not signed. */
async function signed(count, wanted) {
  try {
    return await api.sign(count, wanted);
  } catch (fault) {
    if (fault.code === "below_target" && (await isSure(sayRefusal(fault), say("sign.belowTarget")))) {
      return api.sign(count, { ...wanted, is_below_target: true });
    }
    if (fault.code === "report_changed") showReport(await api.report(count));
    throw fault;
  }
}

function showReport(report) {
  const { differential, signature } = report;
  digest = report.digest;
  showDifferential(find("sign-differential"), differential);
  const open = differential.open_cells;
  const needsOther = Boolean(report.amendment) && !isSupervisor();
  const amends = report.amendment ? ` (${say("samples.amendment")})` : "";
  write(find("sign-title"), report.sample.sample_id + amends);
  find("sign-form").hidden = Boolean(signature);
  find("sign-password-label").hidden = !who.needsPassword;
  find("sign-password").required = who.needsPassword;
  find("sign-do").disabled = open > 0 || needsOther;
  find("sign-state").dataset.state = signature ? "signed" : open ? "open" : "settled";
  write(find("sign-state"), stateText(signature, open, needsOther));
  write(find("sign-facts"), factsText(report));
  find("sign-said").hidden = !signature || !report.comment;
  write(find("sign-said"), say("sign.comment.signed", { comment: report.comment ?? "" }));
  showExports(report);
  showWays(report);
}

function stateText(signature, open, needsOther) {
  if (signature) return say("sign.by", { name: signature.full_name, at: moment(signature.at) });
  if (open) return say("sign.open", { count: number(open) });
  return say(needsOther ? "sign.bySupervisor" : "sign.ready");
}

function factsText({ differential, model, signature }) {
  const counts = {
    leukocytes: number(differential.leukocytes),
    changed: number(differential.changed_cells),
    removed: number(differential.removed_cells),
    added: number(differential.added_cells),
    model: `${model.name} ${model.version}`,
  };
  const digest = signature ? `SHA-256 ${signature.content_sha256}` : "";
  return [say("sign.facts", counts), referenceOf(differential), digest].filter(Boolean).join(" ");
}

// What is not signed is sent only by whoever says so.
async function sendOff({ sample, signature, differential }) {
  const what = say("export.sureProvisional", { count: number(differential.open_cells) });
  if (!signature && !(await isSure(what, say("export.sendProvisional")))) return;
  const wanted = { is_provisional: !signature };
  if (await attempt(() => api.send(sample.count_id, wanted))) tell(say("export.queued"));
}

function showExports(report) {
  const { sample, signature } = report;
  const count = sample.count_id;
  write(find("export-title"), say(signature ? "export.label" : "export.provisional"));
  const links = Object.entries(EXPORTS).map(([kind, name]) =>
    element("a", { className: "button", href: api.exportUrl(count, kind), download: "", textContent: name }),
  );
  const send = element("button", { type: "button", textContent: say("export.send") });
  send.onclick = () => sendOff(report);
  find("exports").replaceChildren(...links, send);
}
