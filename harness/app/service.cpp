#include "harness/app/service.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <span>
#include <utility>

#include "harness/app/shadow_options.h"
#include "harness/app/version.h"
#include "harness/base/task_group.h"
#include "harness/base/units.h"
#include "replay/production.h"

namespace stormproof::app {

namespace {

constexpr std::chrono::seconds state_within{1};

bool same(const proxy::ShadowOptions& a, const proxy::ShadowOptions& b) {
  return a.candidate == b.candidate && a.share == b.share && a.only.methods == b.only.methods &&
         a.only.paths == b.only.paths && a.memory_bytes_max == b.memory_bytes_max && a.added_p99_max == b.added_p99_max;
}

}  // namespace

// What a worker's relay is tapped by; lives and ends on the worker's loop.
struct Service::Worker {
  proxy::Meter meter;
  proxy::AccessLane* access = nullptr;  // the log's
  std::unique_ptr<proxy::LoopDelay> delay;
  std::unique_ptr<faults::StreamInjector> streams;  // faults by hand, where there is an administration
  // The last one is in use. Those that a reload replaced end here: exchanges that began with them may be under way.
  std::vector<std::unique_ptr<proxy::Shadow>> shadows;
  base::TaskGroup ending;
};

base::Result<std::unique_ptr<Service>> Service::start(const base::Clock& clock, ServiceOptions options) {
  // The address first: a port in use must leave no empty capture behind.
  if (const auto free = wire::Listener::may_open(options.gateway.relay.listen); !free)
    return std::unexpected(free.error());
  std::unique_ptr<Service> service(new Service(clock, std::move(options)));
  if (const auto started = service->start_recorder(); !started) return std::unexpected(started.error());
  if (const auto started = service->start_access_log(); !started) return std::unexpected(started.error());
  auto gateway = proxy::Gateway::open(clock, service->with_taps(service->options_.gateway));
  if (!gateway) return std::unexpected(gateway.error());
  service->gateway_ = std::move(*gateway);
  if (const auto started = service->start_admin(); !started) return std::unexpected(started.error());
  return service;
}

Service::Service(const base::Clock& clock, ServiceOptions options) : clock_(clock), options_(std::move(options)) {
  for (std::size_t i = 0; i < options_.gateway.workers; ++i) workers_.push_back(std::make_unique<Worker>());
  shadow_counts_.resize(workers_.size());
}

Service::~Service() {
  if (gateway_ != nullptr) [[maybe_unused]]
    const auto stopped = stop();
}

base::Result<void> Service::start_recorder() {
  if (!options_.recording) return {};
  replay::RecorderOptions recording;
  recording.lanes = options_.gateway.workers;
  recording.rotation = options_.recording->rotation;
  recording.on_trouble = [tell = options_.tell](const std::string& trouble) {
    tell(trouble + "; relaying goes on, what cannot be written is counted");
  };
  replay::Meta meta = {{"source", options_.recording->source},
                       {"made", base::format_time(clock_.now())},
                       {"made by", fmt::format("stormproof {}", version)}};
  if (!options_.recording->production.empty()) meta.emplace(replay::meta_production, options_.recording->production);
  auto recorder = replay::Recorder::start(options_.recording->out, std::move(meta), clock_, std::move(recording));
  if (!recorder) return std::unexpected(recorder.error());
  recorder_ = std::move(*recorder);
  return {};
}

base::Result<void> Service::start_access_log() {
  if (options_.access_log.empty()) return {};
  proxy::AccessLogOptions access;
  access.path = options_.access_log;
  access.on_trouble = options_.tell;
  auto log = proxy::AccessLog::open(std::move(access));
  if (!log) return std::unexpected(log.error());
  access_log_ = std::move(*log);
  return {};
}

proxy::GatewayOptions Service::with_taps(const proxy::GatewayOptions& gateway) {
  proxy::GatewayOptions options = gateway;
  options.taps = [this](std::size_t worker, wire::IoContext& io) { return taps_of(worker, io); };
  options.ended = [this](std::size_t worker) { return end_worker(worker); };
  return options;
}

// On the worker's loop.
base::Result<proxy::RelayTaps> Service::taps_of(std::size_t number, wire::IoContext& io) {
  Worker& worker = *workers_[number];
  wire::Tapper* tapper = recorder_ == nullptr ? nullptr : &recorder_->lane(number);
  if (shadow_kept_) {
    tapper = worker.shadows.back().get();
  } else if (!worker.shadows.empty()) {
    worker.ending.spawn(worker.shadows.back()->drain());
  }
  if (options_.shadow && !shadow_kept_) {
    if (worker.delay == nullptr) worker.delay = std::make_unique<proxy::LoopDelay>(io);
    proxy::ShadowOptions own = *options_.shadow;
    own.memory_bytes_max /= workers_.size();
    auto shadow = proxy::Shadow::open(io, clock_, *worker.delay, std::move(own), tapper);
    if (!shadow) return std::unexpected(shadow.error());
    worker.shadows.push_back(std::move(*shadow));
    tapper = worker.shadows.back().get();
  }
  // Outermost, so that it sees live exchanges only.
  if (access_log_ != nullptr && worker.access == nullptr) worker.access = &access_log_->lane(tapper);
  else if (worker.access != nullptr) worker.access->pass_to(tapper);
  if (worker.access != nullptr) tapper = worker.access;
  if (options_.admin && worker.streams == nullptr)
    worker.streams = std::make_unique<faults::StreamInjector>(clock_, &worker.meter, 0, options_.seed);
  return proxy::RelayTaps{
      .sink = &worker.meter, .tapper = tapper, .interceptor = nullptr, .streams = worker.streams.get()};
}

base::Result<void> Service::reload(ServiceOptions options) {
  shadow_kept_ = options_.shadow && options.shadow && same(*options_.shadow, *options.shadow);
  std::swap(options_.shadow, options.shadow);
  const auto applied = gateway_->apply(with_taps(options.gateway));
  if (!applied) std::swap(options_.shadow, options.shadow);
  if (access_log_ != nullptr) access_log_->reopen();
  note_reload(applied.has_value());
  return applied;
}

base::Task<> Service::end_worker(std::size_t number) {
  Worker& worker = *workers_[number];
  if (!worker.shadows.empty()) co_await worker.shadows.back()->drain();
  co_await worker.ending.drained();
  for (const auto& shadow : worker.shadows) shadow_counts_[number] += shadow->counts();
  worker.shadows.clear();
  worker.delay = nullptr;
}

base::Result<void> Service::stop() {
  if (std::exchange(stopped_, true)) return {};
  draining_ = true;
  last_ = gateway_->drain();
  if (admin_ != nullptr) {
    admin_loop_->run(admin_->close());
    admin_loop_->call([this] { admin_ = nullptr; });
    desk_ = nullptr;
  }
  access_log_ = nullptr;  // writes what it has
  if (recorder_ == nullptr) return {};
  const auto finished = recorder_->finish();
  if (!finished) return std::unexpected(finished.error());
  return {};
}

base::Result<void> Service::start_admin() {
  if (!options_.admin) return {};
  const wire::Endpoint open_to_all = endpoint();
  if (auto apart = proxy::check_admin_address(*options_.admin, std::span(&open_to_all, 1)); !apart) return apart;
  proxy::AdminInputs inputs;
  // A worker that hangs holds up this loop for `state_within`, never another worker.
  inputs.metrics = [this]() -> base::Task<proxy::MetricsInput> { co_return metrics(); };
  inputs.draining = [this] { return draining_.load(); };
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    inputs.workers.emplace_back([this, i](std::function<void()> ping) {
      if (!draining_) boost::asio::post(gateway_->loop(i).io(), std::move(ping));
    });
  }
  desk_ = std::make_unique<FaultDesk>(clock_, nullptr, options_.seed);
  desk_->board().adopt(guest());
  inputs.more = [this](const wire::HttpRequest& request) -> std::optional<wire::HttpReply> {
    if (draining_) return std::nullopt;
    return desk_->answer(request);
  };
  admin_loop_ = std::make_unique<wire::LoopThread>();
  auto admin =
      admin_loop_->call([&] { return proxy::Admin::open(admin_loop_->io(), *options_.admin, std::move(inputs)); });
  if (!admin) return std::unexpected(admin.error());
  admin_ = std::move(*admin);
  return {};
}

// The relay of this service, as faults by hand see it.
run::Guest Service::guest() {
  const proxy::RelayOptions& relay = options_.gateway.relay;
  run::Guest guest{
      .name = "default", .listen = wire::to_string(endpoint()), .upstream = {}, .http = !relay.tcp, .lanes = {}};
  for (const proxy::Upstream& upstream : relay.upstreams)
    guest.upstream += (guest.upstream.empty() ? "" : ", ") + upstream.name;
  for (std::size_t i = 0; i < workers_.size(); ++i)
    guest.lanes.push_back({&gateway_->loop(i), workers_[i]->streams.get()});
  return guest;
}

std::optional<wire::Endpoint> Service::admin_endpoint() const {
  if (admin_ == nullptr) return std::nullopt;
  return admin_->endpoint();
}

// On the administration's thread.
proxy::MetricsInput Service::metrics() {
  proxy::MetricsInput input;
  input.version = version;
  input.workers = workers_.size();
  input.draining = draining_;
  for (const auto& worker : workers_) input.meter += worker->meter.read();
  if (const auto state = gateway_->state(state_within)) {
    input.relay = state->counts;
    input.sessions = state->sessions;
    for (const auto& of : state->upstreams)
      input.upstreams.push_back({of.name, of.weight, of.exchanges, of.failed, of.idle_connections});
  }
  if (recorder_ != nullptr) {
    input.recorder.emplace();
    for (const auto& [cause, tally] : recorder_->progress())
      input.recorder->causes.push_back({cause, tally.count, tally.bytes});
  }
  input.shadow = shadow_reading();
  if (access_log_ != nullptr) input.access_log = access_log_->counts();
  const std::lock_guard lock(mutex_);
  input.reloads = reloads_;
  return input;
}

std::optional<proxy::ShadowReading> Service::shadow_reading() {
  struct Told {
    proxy::ShadowCounts counts;
    bool on = false;
    std::size_t memory = 0;
  };
  std::optional<proxy::ShadowReading> reading;
  proxy::ShadowCounts sum;
  for (std::size_t i = 0; i < workers_.size() && !draining_; ++i) {
    const auto told =
        gateway_->loop(i).call_within(state_within, [worker = workers_[i].get()]() -> std::optional<Told> {
          if (worker->shadows.empty()) return std::nullopt;
          Told all{.counts = {}, .on = worker->shadows.back()->on(), .memory = 0};
          for (const auto& shadow : worker->shadows) {
            all.counts += shadow->counts();
            all.memory += shadow->memory_held();
          }
          return all;
        });
    if (!told || !*told) continue;
    if (!reading) reading.emplace();
    sum += (*told)->counts;
    reading->on = reading->on && (*told)->on;
    reading->memory_bytes += (*told)->memory;
  }
  if (!reading) return std::nullopt;
  reading->causes = {{"chosen", sum.chosen, 0}, {"sent", sum.sent, 0}, {"answered", sum.answered, 0}};
  for (std::size_t i = 0; i < proxy::shadow_losses; ++i) {
    const std::string_view why = proxy::to_string(static_cast<proxy::ShadowLoss>(i));
    reading->causes.push_back({fmt::format("dropped: {}", why), sum.dropped[i], 0});
    reading->causes.push_back({fmt::format("failed: {}", why), sum.failed[i], 0});
  }
  return reading;
}

void Service::note_reload(bool ok) {
  const std::lock_guard lock(mutex_);
  ++reloads_.count;
  reloads_.last_ok = ok;
  reloads_.last_at = clock_.now();
}

Service::Figures Service::figures() const {
  Figures figures{.gateway = last_, .meter = {}, .shadow = {}, .recorded = {}};
  for (const auto& worker : workers_) figures.meter += worker->meter.read();
  for (const proxy::ShadowCounts& counts : shadow_counts_) figures.shadow += counts;
  if (recorder_ != nullptr) figures.recorded = recorder_->account();
  return figures;
}

std::string Service::account() const {
  const Figures figures = this->figures();
  std::string text;
  const auto line = [&](std::uint64_t count, std::string_view what) {
    if (count > 0) text += fmt::format("{:>10}  {}\n", count, what);
  };
  if (recorder_ == nullptr) line(last_.counts.exchanges, "exchanges relayed");
  line(last_.counts.handshakes_failed, "TLS handshakes with clients failed");
  line(last_.counts.connections_refused, "connections refused above the limit");
  if (options_.shadow) text += account_of(figures.shadow);
  if (recorder_ == nullptr) return text;
  for (const auto& [cause, tally] : figures.recorded)
    text += fmt::format("{:>10}  {}, {}\n", tally.count, cause, base::format_bytes(tally.bytes));
  if (recorder_->files_made() > 1)
    text += fmt::format("{:>10}  files; {} of them removed again by --keep\n", recorder_->files_made(),
                        recorder_->files_deleted());
  return text;
}

}  // namespace stormproof::app
