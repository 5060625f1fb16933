#include "tests/soak/verdict.h"

#include <fmt/format.h>

#include <array>
#include <numeric>

#include "harness/base/units.h"
#include "tests/soak/ledger.h"
#include "tests/soak/notes.h"

namespace stormproof::soak {
namespace {

constexpr std::size_t descriptors_slack = 16;
constexpr std::size_t memory_slack = 8 << 20;

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool memory_is_ours = false;  // most of it is the sanitizer's
#else
constexpr bool memory_is_ours = true;
#endif

// Of what clients know and what the access log says of the same requests.
struct Compared {
  std::array<std::uint64_t, sights> seen = {};
  std::uint64_t due = 0;
  std::uint64_t due_missing = 0;    // no line, though the relay must have taken them up
  std::uint64_t twice = 0;          // more lines than one
  std::uint64_t told = 0;           // lines of requests that clients know
  std::uint64_t answer_untold = 0;  // an answer that the client has and that the log tells otherwise, or not
};

Compared compare(const Ended& ended, const AccessLedger& log) {
  Compared compared;
  for (std::uint32_t client = 0; client < ended.notes.size(); ++client) {
    const std::vector<Note> notes = Notes::read(ended.notes[client]);
    for (std::uint32_t number = 0; number < notes.size(); ++number) {
      const Note& note = notes[number];
      const AccessLedger::Told told = log.told_of({client, number});
      ++compared.seen[static_cast<std::size_t>(note.seen)];
      compared.due += note.due ? 1 : 0;
      compared.due_missing += note.due && told.times == 0 ? 1 : 0;
      compared.twice += told.times > 1 ? 1 : 0;
      compared.told += told.times > 0 ? 1 : 0;
      const bool has_answer = note.seen == Seen::answered || note.seen == Seen::our_answer;
      const bool as_told = told.status == note.status && told.answered == (note.seen == Seen::answered);
      if (has_answer && told.times > 0 && !as_told) ++compared.answer_untold;
    }
  }
  return compared;
}

class Judging {
 public:
  explicit Judging(const Ended& ended) : ended_(ended) {}

  void exchanges() {
    const app::Service::Figures& figures = ended_.figures;
    const std::uint64_t relayed = figures.gateway.counts.exchanges;
    line("exchanges", relayed);
    for (std::size_t i = 0; i <= static_cast<std::size_t>(events::last_outcome); ++i)
      line(fmt::format("  {}", events::to_string(static_cast<events::Outcome>(i))), figures.meter.outcomes[i]);
    equal("exchanges", relayed, "the sum of their outcomes", figures.meter.exchanges());
    equal("sessions at the end", figures.gateway.sessions, "none", 0);
    holds(figures.meter.with(events::Outcome::answered) > 0, "no exchange was answered");
    holds(ended_.trouble.empty(), fmt::format("the service told of trouble: {}", fmt::join(ended_.trouble, "; ")));
  }

  void clients() {
    const auto read = read_access_log(ended_.access_log);
    if (!read) return holds(false, read.error().message);
    const AccessLedger& log = *read;
    const Compared compared = compare(ended_, log);
    line("connections of clients", ended_.connections);
    equal("connections of clients that failed", ended_.not_connected, "none", 0);
    line("requests sent whole", std::accumulate(compared.seen.begin() + 1, compared.seen.end(), std::uint64_t{0}));
    for (std::size_t i = 1; i < sights; ++i)
      line(fmt::format("  {}", to_string(static_cast<Seen>(i))), compared.seen[i]);
    line("requests that must be told of", compared.due);
    line("requests broken off or malformed", compared.seen[0]);
    line("access log: lines", log.lines);
    line("access log: dropped", log.dropped);
    equal("access log: lines and dropped", log.lines + log.dropped, "exchanges",
          ended_.figures.gateway.counts.exchanges);
    equal("access log: lines", log.lines, "those of known requests and of none", compared.told + log.nameless);
    equal("requests that ended twice", compared.twice, "none", 0);
    equal("answers that the log tells otherwise than clients saw them", compared.answer_untold, "none", 0);
    at_most("requests sent whole that ended in no way", compared.due_missing, "lines dropped", log.dropped);
    equal("wrong answers", ended_.wrong, "none", 0);
    equal("strange requests at upstream and candidate", ended_.strange, "none", 0);
    for (std::size_t i = 0; log.dropped == 0 && i <= static_cast<std::size_t>(events::last_outcome); ++i) {
      const std::string_view outcome = events::to_string(static_cast<events::Outcome>(i));
      const auto known = log.outcomes.find(outcome);
      equal(fmt::format("access log: {}", outcome), known == log.outcomes.end() ? 0 : known->second, "the meter's",
            ended_.figures.meter.outcomes[i]);
    }
  }

  void shadow() {
    const proxy::ShadowCounts& counts = ended_.figures.shadow;
    line("shadow: chosen", counts.chosen);
    line("  answered", counts.answered);
    for (std::size_t i = 0; i < proxy::shadow_losses; ++i) {
      const std::string_view why = proxy::to_string(static_cast<proxy::ShadowLoss>(i));
      if (counts.dropped[i] > 0) line(fmt::format("  dropped: {}", why), counts.dropped[i]);
      if (counts.failed[i] > 0) line(fmt::format("  failed: {}", why), counts.failed[i]);
    }
    const std::uint64_t dropped = std::accumulate(counts.dropped.begin(), counts.dropped.end(), std::uint64_t{0});
    equal("shadow: chosen", counts.chosen, "answered + failed + dropped", shadow_calls() + dropped);
    equal("shadow: under way at the end", counts.under_way, "none", 0);
    holds(counts.answered > 0, "no shadow was answered");
  }

  void recording() {
    std::uint64_t recorded = 0;
    std::uint64_t dropped = 0;
    for (const auto& [cause, tally] : ended_.figures.recorded) {
      line(fmt::format("recorder: {}", cause), tally.count);
      if (cause == replay::cause_recorded) recorded = tally.count;
      else if (cause != replay::cause_body_alone) dropped += tally.count;
    }
    equal("recorded + dropped", recorded + dropped, "exchanges + shadow calls",
          ended_.figures.gateway.counts.exchanges + shadow_calls());
    const auto capture = read_capture(ended_.capture);
    if (!capture) return holds(false, capture.error().message);
    line("capture: live exchanges", capture->live);
    line("capture: shadows", capture->shadows);
    equal("exchanges in the capture", capture->live + capture->shadows, "recorded", recorded);
    equal("recorded, as the capture says,", capture->recorded, "recorded, as the recorder says,", recorded);
    equal("damaged exchanges in the capture", capture->damaged, "none", 0);
    at_most("shadows without their live exchange", capture->orphans, "dropped", dropped);
    holds(!capture->torn, "the capture was not closed");
    holds(capture->live > 0 && capture->shadows > 0, "the capture has no live exchange, or no shadow");
  }

  void vitals() {
    line("descriptors before", ended_.descriptors_before);
    line("descriptors after", ended_.descriptors_after);
    equal("descriptors at the end", ended_.descriptors_after, "at the start", ended_.descriptors_before);
    line("descriptors, second fifth", ended_.descriptors.before());
    line("descriptors, last fifth", ended_.descriptors.after());
    holds(!ended_.trends || !ended_.descriptors.grew(descriptors_slack), "open descriptors have grown");
    line("resident KiB, second fifth", ended_.memory.before() >> 10);
    line("resident KiB, last fifth", ended_.memory.after() >> 10);
    holds(!ended_.trends || !memory_is_ours || !ended_.memory.grew(memory_slack), "resident memory has grown");
  }

  Verdict take() { return std::move(verdict_); }

 private:
  // Each call of a candidate is told to the recorder.
  std::uint64_t shadow_calls() const {
    const proxy::ShadowCounts& counts = ended_.figures.shadow;
    return counts.answered + std::accumulate(counts.failed.begin(), counts.failed.end(), std::uint64_t{0});
  }
  void line(std::string_view what, std::uint64_t count) {
    verdict_.table += fmt::format("{:<50} {:>12}\n", what, count);
  }
  void holds(bool it_does, std::string sentence) {
    if (!it_does) verdict_.broken.push_back(std::move(sentence));
  }
  void equal(std::string_view what, std::uint64_t count, std::string_view other, std::uint64_t than) {
    holds(count == than, fmt::format("{} ({}) are not {} ({})", what, count, other, than));
  }
  void at_most(std::string_view what, std::uint64_t count, std::string_view other, std::uint64_t most) {
    holds(count <= most, fmt::format("{} ({}) are more than {} ({})", what, count, other, most));
  }

  const Ended& ended_;
  Verdict verdict_;
};

}  // namespace

Verdict judge(const Ended& ended) {
  Judging judging(ended);
  judging.exchanges();
  judging.clients();
  judging.shadow();
  judging.recording();
  judging.vitals();
  return judging.take();
}

}  // namespace stormproof::soak
