#include "harness/verify/limit_headers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "harness/base/units.h"

namespace stormproof::verify {
namespace {

using events::Advice;
using events::Dialect;
using What = Decision::What;

constexpr std::array<std::pair<Dialect, std::string_view>, 4> dialects = {
    {{Dialect::structured, "RateLimit with r and t"},
     {Dialect::combined, "RateLimit with limit, remaining and reset"},
     {Dialect::separate, "RateLimit-Limit, -Remaining, -Reset"},
     {Dialect::x_prefixed, "X-RateLimit-…"}}};

bool has(const Advice& advice, Dialect dialect) { return (advice.dialects & static_cast<std::uint8_t>(dialect)) != 0; }

struct Seen {
  Cases cases = {};
  std::uint8_t dialects = 0;
  std::set<std::pair<std::uint32_t, std::uint32_t>> policies = {};  // quota and window
  std::string example = {};
};

// For each decision, how many of those that were asked after its answer were admitted before the next refusal, at most; nothing:
// no refusal came.
std::vector<std::optional<std::uint64_t>> admitted_after(const Decisions& decisions) {
  std::vector<Time> begun;  // of what may have been admitted
  for (const Decision& one : decisions) {
    if (one.what != What::refused) begun.push_back(one.start);
  }
  std::vector<const Decision*> refusals;
  for (const Decision& one : decisions) {
    if (one.what == What::refused) refusals.push_back(&one);
  }
  std::vector<Time> ends;
  for (const Decision& one : decisions) {
    if (one.what != What::refused) ends.push_back(one.end);
  }
  std::ranges::sort(ends);
  std::vector<std::optional<std::uint64_t>> after;
  for (const Decision& one : decisions) {
    const auto next = std::ranges::lower_bound(refusals, one.end, {}, &Decision::start);
    if (next == refusals.end()) {
      after.emplace_back();
      continue;
    }
    // All that were begun until then, but for those that had their answer before this one was asked.
    const auto until = std::ranges::upper_bound(begun, (*next)->end) - begun.begin();
    const auto before = std::ranges::lower_bound(ends, one.start) - ends.begin();
    const std::int64_t itself = one.what == What::refused ? 0 : 1;
    after.emplace_back(static_cast<std::uint64_t>(std::max<std::int64_t>(0, until - before - itself)));
  }
  return after;
}

void wrong(Seen& seen, Finding& finding, const Decision& one, std::string why) {
  ++seen.cases.bad;
  show(finding, one.request->request);
  if (seen.example.empty()) seen.example = std::move(why);
}

void look(const Decisions& decisions, Seen& seen, Finding& finding) {
  const auto after = admitted_after(decisions);
  const std::vector<Wait> waits = waits_of(decisions);
  auto wait = waits.begin();
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    const Decision& one = decisions[i];
    const Wait* const its = one.what == What::refused && wait != waits.end() ? &*wait++ : nullptr;
    const Advice& said = one.request->advice;
    if (said.dialects == 0) continue;
    ++seen.cases.of;
    seen.dialects |= said.dialects;
    if (said.limit != Advice::not_said && said.window != Advice::not_said && said.window > 0)
      seen.policies.emplace(said.limit, said.window);
    const bool counts = said.remaining != Advice::not_said;
    if (has(said, Dialect::contradiction))
      wrong(seen, finding, one, "the dialects of one answer contradict each other");
    else if (its != nullptr && counts && said.remaining > 0)
      wrong(seen, finding, one, fmt::format("a refusal said that {} remain", said.remaining));
    else if (one.what == What::admitted && counts && after[i] && *after[i] < said.remaining)
      wrong(seen, finding, one,
            fmt::format("one said that {} remain, and {} were admitted before the next refusal", said.remaining,
                        *after[i]));
    else if (its != nullptr && said.reset != Advice::not_said &&
             its->low > std::chrono::seconds(said.reset) + reset_slack)
      wrong(seen, finding, one,
            fmt::format("one said that there are more after {} s, and none was admitted for {}", said.reset,
                        base::format_duration(its->low)));
  }
}

std::string words_of(std::uint8_t said) {
  std::vector<std::string_view> words;
  for (const auto& [dialect, word] : dialects) {
    if ((said & static_cast<std::uint8_t>(dialect)) != 0) words.push_back(word);
  }
  return fmt::format("{}", fmt::join(words, " and "));
}

// Whether the refusal told the truth: nothing where the run does not tell.
std::optional<bool> truthful(const Wait& wait) {
  const std::uint32_t said = wait.refusal->request->advice.retry_after;
  if (said == Advice::not_said) return false;
  const Nanoseconds most = std::chrono::seconds(said) + truth_slack;
  const Nanoseconds least = std::chrono::seconds(said) - std::chrono::seconds(1) - truth_slack;
  if (wait.low > most || wait.high < least) return false;
  if (wait.high == Nanoseconds::max()) return std::nullopt;
  return true;
}

}  // namespace

Check check_headers(const std::vector<Decisions>& callers, double rate_per_second, Finding& finding) {
  Check check{.name = "truthful-headers",
              .expected = "what RateLimit headers say of quota, remaining requests and reset is so"};
  Seen seen;
  for (const Decisions& decisions : callers) look(decisions, seen, finding);
  if (seen.cases.of == 0) {
    check.measured = "no answer had RateLimit headers";
    check.missing = "no answer had RateLimit headers in any of their dialects: there is nothing to check";
    return check;
  }
  check.measured =
      fmt::format("{} of {} answers were wrong ({})", seen.cases.bad, seen.cases.of, words_of(seen.dialects));
  if (!seen.example.empty()) check.measured += "; " + seen.example;
  decide_share(check, seen.cases, header_share_max, "answers that speak of the limit");
  for (const auto& [quota, window] : seen.policies) {
    const double said = static_cast<double>(quota) / window;
    if (std::abs(said - rate_per_second) <= policy_tolerance * rate_per_second) continue;
    check.verdict = Verdict::violated;
    check.missing.clear();
    check.measured +=
        fmt::format("; the policy says {} in {} s, which is not {}", quota, window, base::format_rate(rate_per_second));
  }
  return check;
}

Check check_retry_after(const std::vector<Decisions>& callers, Finding& finding) {
  Check check{.name = "truthful-retry-after", .expected = std::string(retry_after_claim)};
  Cases cases;
  std::uint64_t silent = 0;
  std::uint64_t open = 0;
  const Wait* example = nullptr;
  std::vector<std::vector<Wait>> all;
  for (const Decisions& decisions : callers) all.push_back(waits_of(decisions));
  for (const std::vector<Wait>& waits : all) {
    for (const Wait& wait : waits) {
      const auto truth = truthful(wait);
      open += truth ? 0 : 1;
      if (!truth) continue;
      ++cases.of;
      if (*truth) continue;
      ++cases.bad;
      const bool said = wait.refusal->request->advice.retry_after != Advice::not_said;
      silent += said ? 0 : 1;
      if (said && example == nullptr) example = &wait;
      show(finding, wait.refusal->request->request);
    }
  }
  check.measured =
      fmt::format("{} of {} refusals were wrong about it, {} of them said nothing", cases.bad, cases.of, silent);
  if (example != nullptr) {
    check.measured +=
        fmt::format("; one said {} s, and {}", example->refusal->request->advice.retry_after,
                    example->high == Nanoseconds::max()
                        ? fmt::format("none was admitted for {}", base::format_duration(example->low))
                        : fmt::format("the next was admitted after {}", base::format_duration(example->high)));
  }
  decide_share(check, cases, untruthful_share_max, "refusals that the run can check");
  if (check.verdict == Verdict::inconclusive && open > 0)
    check.missing += fmt::format("; {} refusals came too near the end", open);
  return check;
}

}  // namespace stormproof::verify
