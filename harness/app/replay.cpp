// stormproof replay: sends a capture to a target, in open loop, and says how well it did.

#include <fmt/format.h>
#include <sched.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "harness/app/commands.h"
#include "harness/app/inputs.h"
#include "harness/app/outputs.h"
#include "harness/app/replay_flags.h"
#include "harness/app/signals.h"
#include "harness/base/machine.h"
#include "harness/base/units.h"
#include "replay/hdr.h"
#include "replay/live_values.h"
#include "replay/production.h"
#include "replay/replay_stats.h"

namespace stormproof::app {
namespace {

constexpr std::chrono::milliseconds before_first_request{50};

ExitCode fail(ExitCode code, const base::Error& error) { return complain("replay", code, error); }

base::Task<> send(replay::Sender& sender, replay::ShotSource& shots, base::Time begin, wire::IoContext& io) {
  co_await sender.send(shots, begin);
  io.stop();
}

// All that the flags mean, before anything is opened.
struct Plan {
  wire::Origin origin;
  wire::TlsPeer tls;
  replay::PacingOptions pacing;
  replay::ScriptOptions script;
  replay::ShotOptions shots;
  replay::SenderOptions sender;
  base::Nanoseconds warm_up{0};
  base::Nanoseconds max_lag{0};
};

base::Result<Plan> plan_of(const ReplayFlags& flags) {
  Plan plan;
  const auto into = [](auto& place, auto&& result) -> base::Result<void> {
    if (!result) return std::unexpected(result.error());
    place = std::move(*result);
    return {};
  };
  auto done = into(plan.origin, wire::parse_origin(flags.target));
  if (done) done = into(plan.tls, flags.tls.peer(plan.origin));
  if (done) done = into(plan.pacing, flags.pacing());
  if (done) done = into(plan.script, flags.script());
  if (done) done = into(plan.shots, flags.shots());
  if (done) done = into(plan.sender, flags.sender());
  if (done && !flags.warm_up.empty()) done = into(plan.warm_up, base::parse_duration(flags.warm_up));
  if (done) done = into(plan.max_lag, base::parse_duration(flags.max_lag));
  if (!done) return std::unexpected(done.error());
  return plan;
}

base::Error nothing_to_send(const replay::Script& script) {
  return {
      .message = fmt::format(
          "{} has no request to send ({} write and need --allow-writes, {} are not whole, {} are left out as asked)",
          script.capture, script.writes_refused, script.not_replayable, script.filtered_out)};
}

std::string connections_text(const Plan& plan, const replay::Script& script) {
  if (plan.shots.affinity == replay::Affinity::recorded) return fmt::format("as recorded ({})", script.connections);
  if (plan.shots.affinity == replay::Affinity::session) return fmt::format("one a session ({})", script.sessions);
  return fmt::format("at most {}", plan.sender.connections_max);
}

std::vector<std::string> notes_of(const replay::ScriptShots& shots, const replay::ScriptStream* stream) {
  std::vector<std::string> notes;
  if (shots.put_off() > 0) notes.push_back(fmt::format("{} requests were put off by --max-rate", shots.put_off()));
  if (shots.at_requests_max()) notes.emplace_back("ended by --max-requests");
  if (stream != nullptr && stream->stalls() > 1)
    notes.push_back(fmt::format("the capture is read from the disk, and was too slow {} times", stream->stalls() - 1));
  if (stream != nullptr && stream->unreadable() > 0)
    notes.push_back(fmt::format("{} requests could not be read from the capture", stream->unreadable()));
  return notes;
}

class Replaying {
 public:
  Replaying(const ReplayFlags& flags, Plan plan, replay::Script script)
      : flags_(flags), plan_(std::move(plan)), script_(std::move(script)) {}

  ExitCode run() {
    if (script_.on_disk()) {
      auto stream = replay::ScriptStream::open(script_);
      if (!stream) return fail(ExitCode::invalid_input, stream.error());
      stream_ = std::move(*stream);
    }
    if (!flags_.no_links) {
      auto values = replay::live_values_of(script_);
      if (!values) return fail(ExitCode::invalid_input, values.error());
      values_ = std::move(*values);
    }
    const base::Time begin = clock_.now() + before_first_request;
    if (!flags_.hlog.empty()) {
      auto log = replay::HdrLog::open(flags_.hlog, begin);
      if (!log) return fail(ExitCode::could_not_run, log.error());
      hlog_ = std::move(*log);
    }
    replay::ReplayStats stats(plan_.max_lag, begin + plan_.warm_up, hlog_ ? &*hlog_ : nullptr);
    replay::ScriptShots shots(script_, plan_.pacing, plan_.shots, stream_.get());
    std::optional<replay::GroupedShots> grouped;
    if (values_ != nullptr) grouped.emplace(shots, *values_);
    if (flags_.batch) set_batch();
    wire::IoContext io(wire::one_thread);
    plan_.sender.rewriter = values_.get();
    replay::Sender sender(io, clock_, stats, plan_.sender);
    Signals signals(io, [&] { sender.stop(); });
    base::TaskGroup tasks;
    const base::MachineUse before = base::machine_use();
    tasks.spawn(send(sender, grouped ? static_cast<replay::ShotSource&>(*grouped) : shots, begin, io));
    io.run();
    about_.lacked = base::shortages(before, base::machine_use());
    about_.interrupted = signals.caught();
    about_.notes = notes_of(shots, stream_.get());
    about_.connections_made = sender.counts().connections;
    about_.connections_cut = sender.counts().lanes_cut;
    return signals.exit_code(report(stats));
  }

 private:
  static void set_batch() {
    const sched_param parameters{};
    ::sched_setscheduler(0, SCHED_BATCH, &parameters);
  }

  ExitCode report(const replay::ReplayStats& stats) {
    about_.capture = flags_.file;
    about_.target = flags_.target;
    about_.pacing = flags_.closed ? "closed loop" : replay::to_string(plan_.pacing);
    about_.writes_refused = script_.writes_refused;
    about_.not_replayable = script_.not_replayable;
    about_.connections = connections_text(plan_, script_);
    if (values_ != nullptr) about_.links = &values_->counts();
    auto written = write_whole("-", flags_.json ? stats.to_json(about_) : stats.to_text(about_));
    if (written && !flags_.hgrm.empty()) written = write_whole(flags_.hgrm, replay::percentile_table(stats.latency()));
    if (written && hlog_) written = hlog_->finish();
    if (!written) return fail(ExitCode::could_not_run, written.error());
    if (!about_.interrupted && stats.requests() > 0 && stats.answered() == 0)
      return fail(ExitCode::could_not_run, {.message = fmt::format("{} answered nothing", flags_.target)});
    return stats.doubts(about_).empty() ? ExitCode::pass : ExitCode::inconclusive;
  }

  const ReplayFlags& flags_;
  Plan plan_;
  replay::Script script_;
  base::SystemClock clock_;
  std::unique_ptr<replay::ScriptStream> stream_;
  std::optional<replay::HdrLog> hlog_;
  std::unique_ptr<replay::LiveValues> values_;  // null: recorded values are sent as they are
  replay::ReplayTarget about_;
};

ExitCode run_replay(const ReplayFlags& flags) {
  auto plan = plan_of(flags);
  if (!plan) return fail(ExitCode::usage, plan.error());
  auto script = replay::load_script(flags.file, plan->script);
  if (!script) return fail(ExitCode::invalid_input, script.error());
  if (script->size() == 0) return fail(ExitCode::invalid_input, nothing_to_send(*script));
  const auto endpoint = wire::resolve(plan->origin.host, plan->origin.port);
  if (!endpoint) return fail(ExitCode::could_not_run, endpoint.error());
  if (const auto allowed = replay::refuse_production(script->meta, *endpoint, wire::addresses_of); !allowed)
    return fail(ExitCode::usage, allowed.error());
  plan->sender.target = *endpoint;
  plan->sender.tls = plan->tls;
  return Replaying(flags, std::move(*plan), std::move(*script)).run();
}

}  // namespace

void add_replay(CLI::App& app, Call& call) {
  auto* command = app.add_subcommand("replay", "Send a capture to a target with its own timing or at a rate");
  auto flags = std::make_shared<ReplayFlags>();
  flags->add_to(*command);
  command->callback([flags, &call] { call = [flags] { return run_replay(*flags); }; });
}

}  // namespace stormproof::app
