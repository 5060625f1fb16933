// soak: a service that records and shadows, clients and servers that misbehave, and afterwards: does all add up?
//
// See README.md. Exits 0, or 1 with a sentence for each identity that does not hold.
#include <fmt/format.h>
#include <poll.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <list>
#include <mutex>
#include <thread>

#include "tests/soak/answerer.h"
#include "tests/soak/client.h"
#include "tests/soak/verdict.h"
#include "tests/support/raw_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::soak {
namespace {

using std::chrono::milliseconds;

const auto loopback = wire::asio::ip::address_v4::loopback();
constexpr int samples_max = 400;
// Until then rings and the allocator's arenas are still being touched for the first time: memory stood after about 50 s.
constexpr std::size_t trends_from_seconds = 120;

struct Plan {
  std::size_t seconds = 600;
  std::uint64_t seed = 1;
  std::uint32_t clients = 24;
};

// Limits that are met within a soak: stalls are a few hundred milliseconds long.
proxy::RelayLimits limits() {
  proxy::RelayLimits limits;
  limits.client_idle = std::chrono::seconds(5);  // no client that has more to say waits for so long
  limits.client_head = limits.idle = limits.upstream_head = milliseconds(400);
  limits.linger = milliseconds(200);
  limits.drain = std::chrono::seconds(5);
  limits.pool.idle_for = milliseconds(500);
  return limits;
}

class Soak {
 public:
  explicit Soak(const Plan& plan)
      : plan_(plan), upstream_(plan.seed, Answerer::Mood::obedient), candidate_(~plan.seed, Answerer::Mood::wilful) {
    ended_.trends = plan.seconds >= trends_from_seconds;
    ended_.access_log = folder_.path() / "access.log";
    ended_.capture = folder_.path() / "soak.traffic";
  }

  base::Result<Ended> run() {
    ended_.descriptors_before = open_descriptors();
    {
      support::RawServer upstream([this](support::RawConnection& peer) { upstream_.play(peer); });
      support::RawServer candidate([this](support::RawConnection& peer) { candidate_.play(peer); });
      auto service = app::Service::start(clock_, options(upstream.port(), candidate.port()));
      if (!service) return std::unexpected(service.error());
      if (!load((*service)->endpoint().port())) return base::fail("a client could not keep its notes");
      if (const auto stopped = (*service)->stop(); !stopped) return std::unexpected(stopped.error());
      ended_.figures = (*service)->figures();
    }
    ended_.descriptors_after = open_descriptors();
    ended_.strange = upstream_.strange() + candidate_.strange();
    return std::move(ended_);
  }

  // What judge() reads lies in its folder.
  Soak(const Soak&) = delete;
  Soak& operator=(const Soak&) = delete;

 private:
  app::ServiceOptions options(std::uint16_t upstream, std::uint16_t candidate) {
    app::ServiceOptions options;
    options.gateway.relay.listen = {loopback, 0};
    options.gateway.relay.upstreams = {{{loopback, upstream}}};
    options.gateway.relay.limits = limits();
    options.gateway.workers = 2;
    options.recording = {ended_.capture.string(), "soak", {}};
    options.shadow.emplace();
    options.shadow->candidate = {loopback, candidate};
    options.shadow->share = 0.5;
    options.shadow->seed = plan_.seed;
    options.shadow->only = {};
    options.shadow->head = milliseconds(500);
    options.shadow->total = std::chrono::seconds(2);
    options.shadow->added_p99_max = std::chrono::hours(1);  // a busy machine is no reason to shadow nothing
    options.access_log = ended_.access_log.string();
    options.tell = [this](const std::string& sentence) {
      const std::lock_guard lock(mutex_);
      ended_.trouble.push_back(sentence);
    };
    return options;
  }

  // Clients until the time has come, and samples meanwhile.
  bool load(std::uint16_t port) {
    const auto begin = std::chrono::steady_clock::now();
    const auto until = begin + std::chrono::seconds(plan_.seconds);
    std::atomic<bool> kept = true;
    std::list<Client> clients;
    std::list<std::jthread> threads;
    for (std::uint32_t i = 0; i < plan_.clients; ++i) {
      ended_.notes.push_back(folder_.path() / fmt::format("notes-{}", i));
      Client& client = clients.emplace_back(i, plan_.seed, port, ended_.notes.back());
      threads.emplace_back([&] {
        if (!client.run(until)) kept = false;
      });
    }
    const std::chrono::steady_clock::duration every = (until - begin) / samples_max + milliseconds(10);
    for (auto next = begin + every; next < until; next += every) {
      ::poll(nullptr, 0, support::milliseconds_until(next));
      sample();
    }
    threads.clear();
    for (const Client& client : clients) {
      ended_.connections += client.connections();
      ended_.not_connected += client.not_connected();
      ended_.wrong += client.wrong();
    }
    return kept;
  }

  void sample() {
    ended_.descriptors.add(open_descriptors());
    ended_.memory.add(resident_bytes());
  }

  Plan plan_;
  support::TempDir folder_;
  base::SystemClock clock_;
  Answerer upstream_;
  Answerer candidate_;
  std::mutex mutex_;  // of the trouble, while the service runs
  Ended ended_;
};

int run(const Plan& plan) {
  Soak soak(plan);
  const auto ended = soak.run();
  if (!ended) {
    fmt::print(stderr, "soak: {}\n", ended.error().message);
    return 1;
  }
  const Verdict verdict = judge(*ended);
  fmt::print("{}", verdict.table);
  for (const std::string& sentence : verdict.broken) fmt::print("BROKEN: {}\n", sentence);
  if (verdict.broken.empty()) fmt::print("all identities hold; seed {}\n", plan.seed);
  return verdict.broken.empty() ? 0 : 1;
}

}  // namespace
}  // namespace stormproof::soak

int main(int argc, char** argv) {
  stormproof::soak::Plan plan;
  CLI::App app("A service that records and shadows, between clients and servers that misbehave");
  app.add_option("--seconds", plan.seconds, "how long the clients run")->check(CLI::Range(1, 1'000'000));
  app.add_option("--seed", plan.seed, "of all dice");
  app.add_option("--clients", plan.clients, "threads")->check(CLI::Range(1, 256));
  CLI11_PARSE(app, argc, argv);
  return stormproof::soak::run(plan);
}
