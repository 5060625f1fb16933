// Long because: one run from its first request to its findings; every way out of it heals, and is to be seen in one place.
#include "harness/run/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "harness/base/digest.h"
#include "harness/base/units.h"
#include "harness/run/health.h"
#include "harness/run/preview.h"
#include "harness/run/traffic_shape.h"
#include "harness/verify/judge.h"
#include "harness/verify/timeline.h"
#include "harness/wire/net.h"
#include "replay/production.h"
#include "reports/planned_faults.h"
#include "reports/redaction.h"
#include "scenarios/comparing.h"
#include "scenarios/mechanisms.h"

namespace stormproof::run {
namespace {

using events::MarkKind;

constexpr std::chrono::milliseconds look_every{250};
constexpr std::chrono::milliseconds before_first_request{100};
constexpr std::chrono::milliseconds heard_every{10};
constexpr std::chrono::seconds service_grace{5};  // from SIGTERM to SIGKILL
constexpr std::chrono::seconds probe_within{2};   // for a target without a health check that should be there
constexpr std::chrono::seconds start_within{10};  // and for one that we started
constexpr std::size_t output_lines_shown = 5;

std::string run_id(base::Time at, std::uint64_t seed) {
  const std::string time = base::format_time(at);  // 2026-11-23T09:36:00.123Z
  std::string id;
  for (const char c : time.substr(0, 19)) {
    if (c == 'T') id += '-';
    else if (c != '-' && c != ':') id += c;
  }
  return fmt::format("{}-{:03}-{:04x}", id, at.time_since_epoch().count() / 1'000'000 % 1000, seed & 0xffff);
}

}  // namespace

Runner::Runner(const scenarios::Scenario& scenario, RunnerOptions options, const base::Clock& clock, Progress& progress)
    : scenario_(scenario),
      options_(std::move(options)),
      clock_(clock),
      progress_(progress),
      secrets_(scenario.secrets) {}

Runner::~Runner() {
  if (dependencies_ != nullptr) dependencies_->heal();
  if (process_faults_ != nullptr) tell(process_faults_->heal());
  for (Version& version : versions_) end_version(version);
}

// What it wrote stays in the output folder: without the secrets that it was given.
void Runner::end_version(Version& version) {
  if (version.process == nullptr) return;
  version.process->stop(service_grace);
  if (&version == &candidate()) {
    if (network_ != nullptr) tell(faults::undo(network_->removal()));
    if (process_faults_ != nullptr) tell(process_faults_->close());
  }
  const auto hidden = secrets_.hide_in_file(version.output);
  if (!hidden) progress_.say(secrets_.hide(hidden.error().message));
}

void Runner::interrupt(std::string why) {
  if (ended_because_.empty()) ended_because_ = std::move(why);
  pause_.interrupt();
}

base::Result<reports::RunRecord> Runner::run() {
  record_.started = clock_.now();
  record_.id = run_id(record_.started, options_.seed);
  record_.stormproof_version = options_.version;
  record_.scenario_file = scenario_.file;
  record_.scenario_text = scenario_.text;
  record_.scenario_name = scenario_.name;
  record_.owner = scenario_.owner;
  record_.seed = options_.seed;
  record_.planned_faults = reports::planned_faults(scenario_);
  if (auto started = start(); !started) {
    started.error().message = secrets_.hide(std::move(started.error().message));
    return std::unexpected(std::move(started.error()));
  }
  tasks_.spawn(direct());
  io_.restart();
  io_.run();
  return finish();
}

void Runner::list_versions() {
  const scenarios::Topology& topology = scenario_.topology;
  versions_.push_back({std::string(verify::candidate_party), "service", &topology.candidate});
  if (!scenarios::compares(scenario_) || !topology.baseline) return;
  versions_.push_back({std::string(verify::baseline_party), "baseline", &*topology.baseline});
  if (topology.second_baseline)
    versions_.push_back({std::string(verify::second_baseline_party), "second baseline", &*topology.second_baseline});
}

base::Result<void> Runner::start() {
  const std::filesystem::path folder = std::filesystem::path(scenario_.file).parent_path();
  const std::filesystem::path capture = folder / scenario_.traffic.capture;
  auto script = replay::load_script(capture.string(), script_of(scenario_, options_.seed));
  if (!script) return std::unexpected(script.error());
  if (script->size() == 0) return base::fail(fmt::format("{} has no request that may be sent", capture.string()));
  if (script->writes_refused > 0) {
    marks_.mark(clock_.now(), MarkKind::note,
                fmt::format("{} requests of the capture write and are not sent; allow them with traffic.allow-writes",
                            script->writes_refused));
  }
  if (const auto checked = check_faults(); !checked) return checked;
  take_digests(capture.string());
  list_versions();
  std::vector<std::string_view> beside;
  for (const Version& version : versions_) {
    if (version.party != verify::candidate_party) beside.emplace_back(version.party);
  }
  make_process_faults();
  if (const auto made = make_network(); !made) return made;
  std::vector<scenarios::Dependency> dependencies = scenario_.topology.dependencies;
  for (scenarios::Dependency& dependency : dependencies) {
    if (dependency.tls) dependency.tls->authority = (folder / dependency.tls->authority).string();
  }
  auto opened = Dependencies::open(dependencies, clock_, counts_, beside);
  if (!opened) return std::unexpected(opened.error());
  dependencies_ = std::move(*opened);
  dependencies_->cap(scenario_.caps.faults_at_once);
  // What the candidate is compared with is there before it.
  for (std::size_t i = versions_.size(); i-- > 0;) {
    if (const auto started = start_version(versions_[i]); !started) return started;
    const auto allowed = replay::refuse_production(script->meta, versions_[i].endpoint, wire::addresses_of);
    if (!allowed) return allowed;
  }
  const ProbeWay usual{.target = candidate().endpoint, .tls = candidate().tls};
  if (const auto planned = make_probes(*script, usual); !planned) return planned;
  return open_traffic(std::move(*script));
}

std::size_t Runner::connections_max() const { return scenario_.traffic.connections.value_or(options_.connections_max); }

base::Result<void> Runner::make_probes(const replay::Script& script, const ProbeWay& usual) {
  auto plans = plan_probes(scenario_, script, usual);
  if (!plans) return std::unexpected(plans.error());
  probes_ = std::move(*plans);
  if (!probes_.empty())
    probe_traffic_ = std::make_unique<ProbeTraffic>(options_.seed, connections_max(), clock_, counts_,
                                                    scenarios::key_header_of(scenario_));
  return {};
}

base::Result<void> Runner::open_traffic(replay::Script script) {
  const auto pacing = pacing_of(scenario_, options_.seed);
  if (!pacing) return std::unexpected(pacing.error());
  std::vector<TrafficTarget> targets;
  std::vector<std::string> parties;
  for (const Version& version : versions_) {
    targets.push_back({version.party, version.endpoint, version.tls});
    parties.push_back(version.party);
  }
  TrafficOptions options{.seed = options_.seed};
  options.connections_max = connections_max();
  options.shots = shots_of(scenario_.traffic, options_.seed);
  options.sender = sender_of(scenario_);
  if (scenario_.traffic.links) {
    auto links = replay::links_of(script);
    if (!links) return std::unexpected(links.error());
    options.links = std::make_shared<const replay::Links>(std::move(*links));
  }
  if (versions_.size() > 1 && scenarios::compares_answers(scenario_)) {
    auto rules = difference_rules_of(scenario_.comparison);
    if (!rules) return std::unexpected(rules.error());
    options.comparison = std::make_shared<AnswerComparison>(std::move(*rules), std::move(parties));
  }
  traffic_ =
      std::make_unique<Traffic>(std::move(script), *pacing, std::move(targets), std::move(options), clock_, counts_);
  return {};
}

base::Result<void> Runner::check_faults() const {
  const bool has_program = !scenario_.topology.candidate.command.empty();
  const bool has_network = scenario_.topology.candidate.network.has_value();
  if (has_network && !has_program)
    return base::fail("a network of its own is for a service that stormproof starts (candidate.command)");
  if (has_network) {
    if (const auto checked = OwnNetwork::check({}); !checked) return checked;
  }
  for (const scenarios::Phase& phase : scenario_.phases) {
    if (const auto checked = Dependencies::check(phase.faults); !checked) return checked;
    if (const auto checked = ProcessFaults::check(phase.processes, has_program, has_network); !checked) return checked;
  }
  return {};
}

void Runner::make_process_faults() {
  ProcessFaults::Setting setting;
  if (const auto& network = scenario_.topology.candidate.network) network_ = std::make_unique<OwnNetwork>(*network);
  setting.network = network_.get();
  setting.service = scenario_.topology.service;
  setting.folder = std::filesystem::path(scenario_.file).parent_path().string();
  setting.journal = (std::filesystem::path(options_.output_folder) / (record_.id + ".journal")).string();
  setting.watchdog = options_.watchdog;
  setting.program = [this]() -> Process* {
    const auto& process = candidate().process;
    return process != nullptr && !process->ended() ? process.get() : nullptr;
  };
  setting.start_again = [this] {
    candidate().process->stop(std::chrono::milliseconds(0));
    candidate().ended = false;
    return start_program(candidate());
  };
  process_faults_ = std::make_unique<ProcessFaults>(std::move(setting), clock_, marks_);
}

base::Result<void> Runner::make_network() {
  if (network_ == nullptr) return {};
  if (const auto guarded = process_faults_->guard_network(); !guarded) return guarded;
  return network_->make();
}

// What went wrong with a fault on a process is for the report.
void Runner::tell(const base::Result<void>& done) {
  if (done) return;
  const std::string why = secrets_.hide(done.error().message);
  marks_.mark(clock_.now(), MarkKind::note, why);
  progress_.say(why);
}

// What the run was made of. What cannot be read is left out: it is no reason not to run.
void Runner::take_digests(const std::string& capture) {
  record_.digests["scenario"] = base::digest_of(scenario_.text);
  if (auto digest = base::digest_of_file(capture)) record_.digests["capture"] = std::move(*digest);
  const std::filesystem::path folder = std::filesystem::path(scenario_.file).parent_path();
  const auto take = [&](const scenarios::Target& target, std::string_view party) {
    if (target.command.empty()) return;
    if (const auto program = program_of(target.command.front(), folder.string()); !program.empty())
      if (auto digest = base::digest_of_file(program)) record_.digests[std::string(party)] = std::move(*digest);
  };
  take(scenario_.topology.candidate, verify::candidate_party);
  if (scenarios::compares(scenario_) && scenario_.topology.baseline)
    take(*scenario_.topology.baseline, verify::baseline_party);
}

// Starts it where the scenario says how, and waits until it answers.
base::Result<void> Runner::start_version(Version& version) {
  const scenarios::Target& target = *version.target;
  const auto origin = wire::parse_origin(target.url);
  if (!origin) return std::unexpected(origin.error());
  const auto endpoint = wire::resolve(origin->host, origin->port);
  if (!endpoint) return std::unexpected(endpoint.error());
  const auto tls = wire::tls_for(*origin);
  if (!tls) return std::unexpected(tls.error());
  version.endpoint = *endpoint;
  version.tls = *tls;
  const std::string file = version.party == verify::candidate_party ? "service" : version.party;
  version.output =
      (std::filesystem::path(options_.output_folder) / fmt::format("{}.{}.log", record_.id, file)).string();
  if (!target.command.empty()) {
    const bool judged = version.party == verify::candidate_party;
    progress_.say(fmt::format("starting {}{}", scenario_.topology.service, judged ? "" : ", the " + version.word));
    if (const auto started = start_program(version); !started) return started;
  }
  const auto gave_up = [&]() -> std::optional<std::string> {
    io_.poll();  // a signal may have come meanwhile
    if (!ended_because_.empty()) return ended_because_;
    const auto ended = version.process != nullptr ? version.process->ended() : std::nullopt;
    if (!ended) return std::nullopt;
    // Out of the file first: of a secret of several lines the last words may hold a part only.
    if (const auto hidden = secrets_.hide_in_file(version.output); !hidden) return hidden.error().message;
    return fmt::format("the {} {}; its last words:\n{}", version.word, *ended,
                       last_lines(version.output, output_lines_shown));
  };
  if (!target.health) {
    return wait_until_reachable(*endpoint, version.process != nullptr ? start_within : probe_within, gave_up, *tls);
  }
  return wait_until_healthy(*endpoint, origin->authority(), target.health->path, target.health->within, gave_up, *tls);
}

base::Result<void> Runner::start_program(Version& version) {
  const scenarios::Target& target = *version.target;
  const bool is_candidate = &version == &candidate();
  const bool inside = is_candidate && network_ != nullptr;
  auto started = Process::start({.argv = inside ? network_->inside(target.command) : target.command,
                                 .env = target.env,
                                 .folder = std::filesystem::path(scenario_.file).parent_path().string(),
                                 .output = version.output});
  if (!started) return std::unexpected(started.error());
  version.process = std::move(*started);
  const bool hurt = network_ != nullptr ||
                    std::ranges::any_of(scenario_.phases, [](const auto& phase) { return !phase.processes.empty(); });
  return hurt && is_candidate ? process_faults_->guard(version.process->pid()) : base::Result<void>{};
}

base::Task<> Runner::direct() {
  const base::Time begin = clock_.now() + before_first_request;
  marks_.mark(begin, MarkKind::traffic_begin, "");
  traffic_->begin(begin, rests_of(scenario_));
  const base::Time warm = begin + scenario_.traffic.warm_up;
  bool going = co_await wait_until(warm) && co_await pass_phase(scenario_.steady_state);
  if (going) {
    const bool silent = co_await is_silent();
    if (ended_because_.empty() && !steady_state_holds(silent))
      ended_because_ = "steady state violated: nothing was injected";
    going = ended_because_.empty();
  }
  for (const scenarios::Phase& phase : scenario_.phases) {
    if (!going) break;
    going = co_await pass_phase(phase);
  }
  if (ended_because_.empty()) ended_because_ = "completed";
  else marks_.mark(clock_.now(), MarkKind::aborted, ended_because_);
  io_.stop();
}

// False: the run has been cut short within it.
base::Task<bool> Runner::pass_phase(const scenarios::Phase& phase) {
  const base::Time begin = clock_.now();
  const bool hurts = !phase.faults.empty() || !phase.processes.empty();
  marks_.mark(begin, MarkKind::phase_begin, phase.name);
  progress_.begin(begin, phase.name, phase.duration, counts_);
  if (hurts) {
    marks_.mark(dependencies_->apply(phase.faults, options_.seed, options_.replayed), MarkKind::faults_on, phase.name);
    tell(process_faults_->begin(phase.processes));
  }
  if (const auto probe = probes_.find(&phase); probe != probes_.end()) {
    traffic_->rest(begin, begin + phase.duration);
    probe_traffic_->begin(probe->second, begin);
  }
  last_window_ = {begin, counts_.sent, counts_.failed};
  failing_since_ = {};
  const bool whole = co_await wait_until(begin + phase.duration);
  if (hurts) {
    tell(process_faults_->heal());
    marks_.mark(dependencies_->heal(), MarkKind::faults_off, phase.name);
    tell(dependencies_->clean());
  }
  marks_.mark(clock_.now(), MarkKind::phase_end, phase.name);
  progress_.end(clock_.now(), counts_);
  co_return whole;
}

base::Task<bool> Runner::wait_until(base::Time end) {
  while (ended_because_.empty()) {
    const base::Nanoseconds left = end - clock_.now();
    if (left.count() <= 0) co_return true;
    const base::Nanoseconds until_fault = std::max(process_faults_->next() - clock_.now(), base::Nanoseconds(0));
    co_await pause_.lasting(std::min({left, base::Nanoseconds(look_every), until_fault}));
    dependencies_->renew();
    tell(process_faults_->poll());
    for (Version& version : versions_) watch(version);
    watch_errors();
    progress_.update(clock_.now(), counts_);
  }
  co_return false;
}

void Runner::watch(Version& version) {
  if (version.process == nullptr || version.ended) return;
  const auto ended = version.process->ended();
  if (!ended) return;
  version.ended = true;
  marks_.mark(clock_.now(), MarkKind::note, fmt::format("the {} {}", version.word, *ended));
  progress_.say(fmt::format("the {} {}", version.word, *ended));
}

// gate.abort-when: the share of failed requests, second by second, has been above the limit for long enough.
void Runner::watch_errors() {
  const auto& abort = scenario_.gate.abort_when;
  const base::Time now = clock_.now();
  if (!abort || now - last_window_.at < std::chrono::seconds(1)) return;
  const Window window{now, counts_.sent, counts_.failed};
  const auto sent = static_cast<double>(window.sent - last_window_.sent);
  const auto failed = static_cast<double>(window.failed - last_window_.failed);
  const bool above = sent > 0 && failed > abort->errors_above * sent;
  if (!above) failing_since_ = {};
  else if (failing_since_ == base::Time{}) failing_since_ = last_window_.at;
  last_window_ = window;
  if (above && now - failing_since_ >= abort->lasting) {
    interrupt(fmt::format("aborted: errors above {} for {}", base::format_percent(abort->errors_above),
                          base::format_duration_exact(abort->lasting)));
  }
}

events::Log Runner::log_so_far(bool whole) {
  events::Log log = events::copy_of(marks_);
  log.absorb(dependencies_->snapshot());
  log.absorb(traffic_->snapshot(whole));
  if (probe_traffic_ != nullptr) log.absorb(probe_traffic_->snapshot(whole));
  log.sort();
  return log;
}

// Requests are under way, and for longer than any has taken yet the service answers none of them: it hangs. Its requests
// would be in no log before their time limit, and faults injected into a service that hangs already.
base::Task<bool> Runner::is_silent() {
  base::Nanoseconds patience = options_.answers_within;
  const std::uint64_t answered = counts_.answered;
  if (!traffic_->awaits_answers()) co_return false;
  for (const events::Exchange& request : traffic_->snapshot().exchanges)
    patience = std::max(patience, request.end - request.start);
  const base::Time until = clock_.now() + patience;
  while (ended_because_.empty() && counts_.answered == answered && traffic_->awaits_answers()) {
    if (clock_.now() >= until) co_return true;
    co_await pause_.lasting(heard_every);
  }
  co_return false;
}

bool Runner::steady_state_holds(bool silent) {
  for (const verify::Finding& finding : verify::judge(log_so_far(silent), scenario_)) {
    if (finding.phase == scenario_.steady_state.name && finding.verdict == verify::Verdict::violated) return false;
  }
  return true;
}

reports::RunRecord Runner::finish() {
  dependencies_->heal();
  tell(process_faults_->heal());
  if (const std::string told = traffic_->links_told(); !told.empty()) marks_.mark(clock_.now(), MarkKind::note, told);
  events::Log sent = traffic_->finish(options_.answers_within);
  if (probe_traffic_ != nullptr) sent.absorb(probe_traffic_->finish(options_.answers_within));
  marks_.mark(clock_.now(), MarkKind::traffic_end, "");
  for (Version& version : versions_) end_version(version);
  events::Log seen = dependencies_->finish();
  record_.log = std::move(marks_);
  record_.log.absorb(std::move(seen));
  record_.log.absorb(std::move(sent));
  record_.log.sort();
  record_.ended = clock_.now();
  record_.ended_because = ended_because_;
  record_.findings = verify::judge(record_.log, scenario_);
  reports::hide_secrets(record_, secrets_);
  return std::move(record_);
}

}  // namespace stormproof::run
