#include "harness/base/machine.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>

#include "harness/base/units.h"

namespace stormproof::base {
namespace {

constexpr double used_up = 0.9;        // of one processor, by this thread: no time was left
constexpr double waited_much = 0.005;  // of the time, ready and without a processor
constexpr double stolen_much = 0.005;
constexpr double all_busy = 0.95;

Nanoseconds of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

double share(Nanoseconds part, Nanoseconds whole) {
  return static_cast<double>(part.count()) / static_cast<double>(std::max<std::int64_t>(whole.count(), 1));
}

}  // namespace

MachineUse machine_use() {
  MachineUse use;
  use.at = of(CLOCK_MONOTONIC);
  use.on_cpu = of(CLOCK_THREAD_CPUTIME_ID);
  use.processors = static_cast<unsigned>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
  rusage usage{};
  if (::getrusage(RUSAGE_THREAD, &usage) == 0) use.put_aside = static_cast<std::uint64_t>(usage.ru_nivcsw);
  std::int64_t on_cpu = 0, waiting = 0;
  if (std::ifstream in("/proc/thread-self/schedstat"); in >> on_cpu >> waiting) use.waiting = Nanoseconds(waiting);
  std::string name;
  std::int64_t user = 0, nice = 0, system = 0, idle = 0, disk = 0, irq = 0, softirq = 0, steal = 0;
  if (std::ifstream in("/proc/stat"); in >> name >> user >> nice >> system >> idle >> disk >> irq >> softirq >> steal) {
    const Nanoseconds tick(1'000'000'000 / std::max(::sysconf(_SC_CLK_TCK), 1L));
    use.stolen = tick * steal;
    use.busy = tick * (user + nice + system + irq + softirq + steal);
  }
  return use;
}

std::vector<std::string> shortages(const MachineUse& before, const MachineUse& after) {
  const Nanoseconds span = after.at - before.at;
  const Nanoseconds of_all = span * static_cast<std::int64_t>(after.processors);
  struct Shortage {
    double weight;
    std::string says;
  };
  std::vector<Shortage> found;
  const double used = share(after.on_cpu - before.on_cpu, span);
  if (used >= used_up)
    found.push_back({used, fmt::format("the sender used up its processor ({} of it)", format_percent(used))});
  const Nanoseconds waiting = after.waiting - before.waiting;
  if (share(waiting, span) >= waited_much)
    found.push_back({share(waiting, span),
                     fmt::format("the sender was ready and had no processor for {} of {} (put aside {} times)",
                                 format_duration(waiting), format_duration(span), after.put_aside - before.put_aside)});
  const Nanoseconds stolen = after.stolen - before.stolen;
  if (share(stolen, of_all) >= stolen_much)
    found.push_back({share(stolen, of_all), fmt::format("the hypervisor took {} of {} processor time",
                                                        format_duration(stolen), format_duration(of_all))});
  const double busy = share(after.busy - before.busy, of_all);
  if (busy >= all_busy)
    found.push_back(
        {busy / 100, fmt::format("all {} processors were {} busy", after.processors, format_percent(busy))});
  std::ranges::sort(found, std::greater<>(), &Shortage::weight);
  std::vector<std::string> says;
  for (Shortage& each : found) says.push_back(std::move(each.says));
  return says;
}

}  // namespace stormproof::base
