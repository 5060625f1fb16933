// The sender beside its peers: schedule error in open loop (and vegeta's, and a bare timer's), cost and greatest rate in closed
// loop (and wrk's). The origin is nginx on the other CPU. `--quick` for a look; VEGETA names the program, if it is not in PATH.

#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>

#include "harness/base/histogram.h"
#include "replay/capture_writer.h"
#include "tests/bench/peers.h"
#include "tests/support/temp_dir.h"

using namespace stormproof;

namespace {

constexpr int sender_cpu = 0;
constexpr int origin_cpu = 1;
constexpr int connections = 64;

void pin(pid_t pid, int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (::sched_setaffinity(pid, sizeof set, &set) != 0) fmt::print(stderr, "cannot pin to CPU {}\n", cpu);
}

struct Ran {
  int exit_code = -1;
  std::string out;
  double cpu_us = 0;
};

// A program on the sender's CPU, with its standard output and what it cost.
Ran run(const std::vector<std::string>& words, const std::string& in = "/dev/null") {
  int ends[2] = {};
  if (::pipe(ends) != 0) bench::give_up("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    pin(0, sender_cpu);
    if (std::freopen(in.c_str(), "r", stdin) == nullptr) ::_exit(127);
    ::dup2(ends[1], STDOUT_FILENO);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  Ran ran;
  char buffer[65536];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    ran.out.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  ran.cpu_us = us(usage.ru_utime) + us(usage.ru_stime);
  return ran;
}

std::string make_capture(const std::filesystem::path& folder) {
  const std::string path = (folder / "bench.traffic").string();
  auto writer = bench::must(replay::CaptureWriter::create(path, {}));
  replay::Exchange exchange;
  exchange.request = {"GET /1k HTTP/1.1\r\nHost: bench\r\n\r\n", ""};
  for (std::uint64_t id = 1; id <= 1000; ++id) {
    exchange.id = id;
    exchange.request_start = base::Time(std::chrono::milliseconds(id));
    bench::must(writer.append(exchange));
  }
  bench::must(writer.close());
  return path;
}

// One round of one program in open loop: its schedule error in us.
struct Errors {
  double p50 = 0, p99 = 0, p999 = 0, max = 0;
  double cpu_us = 0;  // a request; 0: not measured
  double done = 1;    // share of the requests that were sent and answered
};

Errors errors_of(const base::Histogram& errors) {
  const auto us = [](base::Nanoseconds ns) { return static_cast<double>(ns.count()) / 1e3; };
  return {us(errors.quantile(0.5)), us(errors.quantile(0.99)), us(errors.quantile(0.999)), us(errors.max())};
}

// Medians over the rounds: on a shared machine one round or another is somebody else's.
void row(const std::string& who, std::uint64_t rate, const std::vector<Errors>& rounds) {
  const auto median = [&](double Errors::* what) {
    std::vector<double> values;
    for (const Errors& round : rounds) values.push_back(round.*what);
    return bench::median(values);
  };
  fmt::print("  {:<26} {:>7}/s  {:>8.1f} {:>8.1f} {:>9.1f} {:>10.1f}", who, rate, median(&Errors::p50),
             median(&Errors::p99), median(&Errors::p999), median(&Errors::max));
  if (const double cpu = median(&Errors::cpu_us); cpu > 0)
    fmt::print("   {:.1f} us CPU a request, {:.2f} % done", cpu, 100 * median(&Errors::done));
  fmt::print("   (p99");
  for (const Errors& round : rounds) fmt::print(" {:.0f}", round.p99);
  fmt::print(")\n");
  std::fflush(stdout);
}

// What the machine does to the plainest timer there is, on the same schedule.
Errors bare_timer(std::uint64_t rate, int seconds) {
  pin(0, sender_cpu);
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);  // as exact as the kernel can
  base::Histogram errors;
  timespec start{};
  ::clock_gettime(CLOCK_MONOTONIC, &start);
  const auto ns_of = [](const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; };
  const std::int64_t begin = ns_of(start) + 10'000'000;
  const std::uint64_t count = rate * static_cast<std::uint64_t>(seconds);
  for (std::uint64_t n = 0; n < count; ++n) {
    const std::int64_t due = begin + static_cast<std::int64_t>(n * 1'000'000'000 / rate);
    const timespec at{due / 1'000'000'000, due % 1'000'000'000};
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    errors.add(base::Nanoseconds(ns_of(now) - due));
  }
  return errors_of(errors);
}

boost::json::object replayed(const std::string& capture, std::uint16_t port, const std::vector<std::string>& flags,
                             double& cpu_us) {
  std::vector<std::string> words = {STORMPROOF_PROGRAM,
                                    "replay",
                                    capture,
                                    "--json",
                                    "--target",
                                    fmt::format("http://127.0.0.1:{}", port),
                                    "--connections",
                                    std::to_string(connections)};
  words.insert(words.end(), flags.begin(), flags.end());
  const Ran ran = run(words);
  if (ran.exit_code != 0 && ran.exit_code != 5) bench::give_up("stormproof replay failed");
  cpu_us = ran.cpu_us;
  return boost::json::parse(ran.out).as_object();
}

Errors sender(const std::string& capture, std::uint16_t port, std::uint64_t rate, int seconds,
              std::vector<std::string> flags) {
  flags.insert(flags.end(), {"--rate", fmt::format("{}/s", rate), "--for", fmt::format("{}s", seconds)});
  double cpu_us = 0;
  const auto found = replayed(capture, port, flags, cpu_us);
  const auto& error = found.at("schedule_error").as_object();
  const auto us = [&](const char* key) { return error.at(key).to_number<double>() / 1e3; };
  const auto sent = found.at("sent").to_number<double>();
  return {us("p50_ns"),
          us("p99_ns"),
          us("p99.9_ns"),
          us("max_ns"),
          cpu_us / std::max(sent, 1.0),
          found.at("answered").to_number<double>() / static_cast<double>(rate * static_cast<std::uint64_t>(seconds))};
}

std::optional<std::string> vegeta_program() {
  if (const char* const named = std::getenv("VEGETA")) return named;
  return run({"sh", "-c", "command -v vegeta"}).exit_code == 0 ? std::optional<std::string>("vegeta") : std::nullopt;
}

// Vegeta tells when it sent each hit, not when it should have: the schedule is laid through its earliest one, to its favour.
Errors vegeta(const std::string& program, const std::filesystem::path& folder, std::uint16_t port, std::uint64_t rate,
              int seconds) {
  const std::string targets = (folder / "targets").string();
  std::ofstream(targets) << fmt::format("GET http://127.0.0.1:{}/1k\n", port);
  const std::string results = (folder / "results").string();
  const Ran attack = run({program, "attack", fmt::format("-rate={}/1s", rate), fmt::format("-duration={}s", seconds),
                          fmt::format("-connections={}", connections), fmt::format("-workers={}", connections),
                          fmt::format("-max-workers={}", connections), "-max-body=0", "-output=" + results},
                         targets);
  if (attack.exit_code != 0) bench::give_up("vegeta failed");
  std::istringstream lines(run({program, "encode", "--to=csv", results}).out);
  std::vector<std::int64_t> errors;
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> cells;
    std::istringstream cut(line);
    for (std::string cell; std::getline(cut, cell, ',');) cells.push_back(cell);
    if (cells.size() < 9) continue;
    const std::int64_t number = std::stoll(cells[8]);
    errors.push_back(std::stoll(cells[0]) -
                     static_cast<std::int64_t>(static_cast<double>(number) * 1e9 / static_cast<double>(rate)));
  }
  if (errors.empty()) bench::give_up("vegeta told nothing");
  const std::int64_t first = std::ranges::min(errors);
  base::Histogram histogram;
  for (const std::int64_t error : errors) histogram.add(base::Nanoseconds(error - first));
  const auto sent = static_cast<double>(errors.size());
  Errors found = errors_of(histogram);
  found.cpu_us = attack.cpu_us / sent;
  found.done = sent / static_cast<double>(rate * static_cast<std::uint64_t>(seconds));
  return found;
}

struct Closed {
  double per_second = 0;
  double cpu_us = 0;
};

Closed closed_loop(const std::string& capture, std::uint16_t port, int seconds, double expected, bool batch) {
  const auto loops = std::to_string(std::max(1, static_cast<int>(expected * seconds / 1000)));
  std::vector<std::string> flags = {"--closed", "--loop", loops};
  if (batch) flags.emplace_back("--batch");
  double cpu_us = 0;
  const auto found = replayed(capture, port, flags, cpu_us);
  const auto answered = found.at("answered").to_number<double>();
  return {answered / std::max(found.at("sending_seconds").to_number<double>(), 1e-9), cpu_us / std::max(answered, 1.0)};
}

Closed wrk(std::uint16_t port, int seconds) {
  const Ran ran = run({"wrk", "-t1", fmt::format("-c{}", connections), fmt::format("-d{}s", seconds),
                       fmt::format("http://127.0.0.1:{}/1k", port)});
  const std::size_t at = ran.out.find(" requests in ");
  if (ran.exit_code != 0 || at == std::string::npos) bench::give_up("wrk failed");
  const std::size_t begin = ran.out.rfind(' ', at - 1) + 1;
  const double requests = std::stod(ran.out.substr(begin, at - begin));
  return {requests / seconds, ran.cpu_us / requests};
}

// Each rate by each program in turns, round by round.
void open_loop(const std::filesystem::path& folder, const std::string& capture, std::uint16_t port, int rounds,
               int seconds) {
  const auto peer = vegeta_program();
  std::vector<std::pair<std::string, std::function<Errors(std::uint64_t)>>> programs = {
      {"bare timer (the floor)", [&](std::uint64_t rate) { return bare_timer(rate, seconds); }}};
  for (const std::string_view flag : {"", "--batch", "--precise"}) {
    const std::vector<std::string> flags = flag.empty() ? std::vector<std::string>{} : std::vector{std::string(flag)};
    programs.emplace_back(fmt::format("stormproof {}", flag),
                          [&, flags](std::uint64_t rate) { return sender(capture, port, rate, seconds, flags); });
  }
  if (peer)
    programs.emplace_back("vegeta", [&](std::uint64_t rate) { return vegeta(*peer, folder, port, rate, seconds); });
  fmt::print("schedule error, us, open loop over {} connections; medians of {} rounds of {} s in turns\n", connections,
             rounds, seconds);
  fmt::print("  {:<26} {:>9}  {:>8} {:>8} {:>9} {:>10}\n", "", "rate", "p50", "p99", "p99.9", "max");
  for (const std::uint64_t rate : {5'000U, 10'000U, 20'000U}) {
    std::vector<std::vector<Errors>> found(programs.size());
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < programs.size(); ++i) found[i].push_back(programs[i].second(rate));
    }
    for (std::size_t i = 0; i < programs.size(); ++i) row(programs[i].first, rate, found[i]);
  }
  if (!peer) fmt::print("  vegeta is not here: VEGETA=its path\n");
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::string_view(argv[1]) == "--quick";
  const int seconds = quick ? 1 : 3;
  const support::TempDir folder;
  const bench::Target origin = bench::start_origin(folder.path());
  run({"sh", "-c",
       fmt::format("for p in {} $(pgrep -P {}); do taskset -p -c {} $p; done", origin.process.pid(),
                   origin.process.pid(), origin_cpu)});
  const std::string capture = make_capture(folder.path());
  open_loop(folder.path(), capture, origin.port, quick ? 1 : 7, quick ? 1 : 2);

  fmt::print("closed loop over {} connections, medians of {} rounds in turns\n", connections, quick ? 1 : 5);
  std::vector<double> rate_ratios, cpu_ratios, batch_rate_ratios, batch_cpu_ratios;
  for (int round = 0; round < (quick ? 1 : 5); ++round) {
    const Closed theirs = wrk(origin.port, seconds);
    const Closed ours = closed_loop(capture, origin.port, seconds, theirs.per_second, false);
    const Closed batch = closed_loop(capture, origin.port, seconds, theirs.per_second, true);
    fmt::print("  wrk {:.0f}/s {:.2f} us   stormproof {:.0f}/s {:.2f} us   --batch {:.0f}/s {:.2f} us\n",
               theirs.per_second, theirs.cpu_us, ours.per_second, ours.cpu_us, batch.per_second, batch.cpu_us);
    rate_ratios.push_back(ours.per_second / theirs.per_second);
    cpu_ratios.push_back(ours.cpu_us / theirs.cpu_us);
    batch_rate_ratios.push_back(batch.per_second / theirs.per_second);
    batch_cpu_ratios.push_back(batch.cpu_us / theirs.cpu_us);
  }
  fmt::print("  x wrk: rate {:.2f}, CPU a request {:.2f}; with --batch rate {:.2f}, CPU {:.2f}\n",
             bench::median(rate_ratios), bench::median(cpu_ratios), bench::median(batch_rate_ratios),
             bench::median(batch_cpu_ratios));
  return 0;
}
