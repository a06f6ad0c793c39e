// Signing a result, and its exports.

import * as api from "./api.js";
import { referenceOf, showDifferential } from "./differential.js";
import { element, find, write } from "./dom.js";
import { moment, number, say } from "./languages.js";
import { attempt, tell } from "./messages.js";
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
      showReport(await api.report(count()));
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
  else write(find("sign-state"), find("message").textContent);
}

/** Sign; a report that changed meanwhile is shown as it is now, and not signed. */
async function signed(count, wanted) {
  try {
    return await api.sign(count, wanted);
  } catch (fault) {
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

function showExports({ sample, signature }) {
  const count = sample.count_id;
  write(find("export-title"), say(signature ? "export.label" : "export.provisional"));
  const links = Object.entries(EXPORTS).map(([kind, name]) =>
    element("a", { className: "button", href: api.exportUrl(count, kind), download: "", textContent: name }),
  );
  const send = element("button", { type: "button", textContent: say("export.send") });
  send.onclick = () => attempt(() => api.send(count)).then((done) => done && tell(say("export.queued")));
  find("exports").replaceChildren(...links, send);
}
