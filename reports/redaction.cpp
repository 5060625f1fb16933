#include "reports/redaction.h"

#include <utility>

namespace stormproof::reports {
namespace {

using base::Secrets;

void hide(std::string& text, const Secrets& secrets) { text = secrets.hide(std::move(text)); }

void hide(std::map<std::string, std::string>& texts, const Secrets& secrets) {
  std::map<std::string, std::string> hidden;
  for (auto& [name, value] : texts) hidden[secrets.hide(name)] = secrets.hide(std::move(value));
  texts = std::move(hidden);
}

// Two names that become one keep one number.
void hide(events::Log& log, const Secrets& secrets) {
  events::Names names;
  std::vector<events::NameId> renumbered;
  for (std::size_t id = 0; id < log.names.size(); ++id)
    renumbered.push_back(names.id_of(secrets.hide(std::string(log.names.name_of(static_cast<events::NameId>(id))))));
  const auto renumber = [&](events::NameId& id) { id = id < renumbered.size() ? renumbered[id] : 0; };
  for (events::Exchange& exchange : log.exchanges) {
    renumber(exchange.party);
    renumber(exchange.route);
    renumber(exchange.fault);
  }
  for (events::FaultFired& fault : log.faults) {
    renumber(fault.rule);
    renumber(fault.party);
    renumber(fault.detail);
  }
  for (events::Mark& mark : log.marks) renumber(mark.name);
  for (events::AnswerDifference& difference : log.differences) {
    renumber(difference.party);
    renumber(difference.path);
    renumber(difference.detail);
  }
  log.names = std::move(names);
}

void hide(verify::Finding& finding, const Secrets& secrets) {
  hide(finding.expectation, secrets);
  hide(finding.phase, secrets);
  hide(finding.summary, secrets);
  for (verify::Check& check : finding.checks) {
    for (std::string* text : {&check.name, &check.expected, &check.measured, &check.missing}) hide(*text, secrets);
  }
  for (verify::Instant& instant : finding.timeline) hide(instant.what, secrets);
}

}  // namespace

void hide_secrets(RunRecord& record, const Secrets& secrets) {
  if (secrets.empty()) return;
  for (std::string* text :
       {&record.scenario_file, &record.scenario_text, &record.scenario_name, &record.owner, &record.ended_because}) {
    hide(*text, secrets);
  }
  hide(record.variables, secrets);
  hide(record.digests, secrets);
  for (PlannedFault& fault : record.planned_faults) {
    for (std::string* text : {&fault.rule, &fault.phase, &fault.on, &fault.effect}) hide(*text, secrets);
  }
  hide(record.log, secrets);
  for (verify::Finding& finding : record.findings) hide(finding, secrets);
}

}  // namespace stormproof::reports
