// What deciding costs: a rule set that does not match, one that matches and draws, and a hundred of them.
#include <benchmark/benchmark.h>

#include <fmt/format.h>

#include <functional>

#include "faults/injector.h"

namespace stormproof::faults {
namespace {

class NoSink final : public events::Sink {
 public:
  events::NameId name(std::string_view) override { return 1; }
  events::NameId route(std::string_view, std::string_view) override { return 1; }
  void exchange(const events::Exchange&) override {}
  void fault(const events::FaultFired&) override {}
};

const std::string head_bytes =
    "POST /charges/4711?currency=EUR HTTP/1.1\r\nHost: payments.local:9001\r\nUser-Agent: shop/1.4\r\nAccept: */*\r\n"
    "Content-Type: application/json\r\nContent-Length: 0\r\n\r\n";

wire::Head head_of(std::uint64_t trace) {
  wire::Head head;
  head.bytes = head_bytes;
  head.method = "POST";
  head.target = "/charges/4711?currency=EUR";
  for (std::size_t i = 0; i < 8; ++i) head.trace.bytes[i] = static_cast<std::uint8_t>(trace >> (8 * i));
  head.trace.bytes[15] = 1;
  return head;
}

void decide(benchmark::State& state, const std::function<void(Rule&, int)>& shape) {
  const base::SystemClock clock;
  NoSink sink;
  Injector injector(clock, sink, 1);
  std::vector<Rule> rules;
  for (int i = 0; i < state.range(0); ++i) {
    Rule rule;
    rule.id = fmt::format("phase#{}", i);
    rule.abort = Abort{};
    shape(rule, i);
    rules.push_back(std::move(rule));
  }
  injector.apply(Plan(7, std::move(rules)));
  std::uint64_t request = 0;
  for (auto _ : state) {
    const wire::Head head = head_of(request % 1000);
    benchmark::DoNotOptimize(injector.intercept({head, 1, ++request, base::Time{}}));
  }
}

void other_path(benchmark::State& state) {
  decide(state, [](Rule& rule, int i) { rule.paths = {fmt::format("/orders/{}/*", i)}; });
}
void other_method(benchmark::State& state) {
  decide(state, [](Rule& rule, int) { rule.methods = {"DELETE"}; });
}
void other_header(benchmark::State& state) {
  decide(state, [](Rule& rule, int) { rule.headers = {{"x-tenant", "acme"}}; });
}
void other_route(benchmark::State& state) {
  decide(state, [](Rule& rule, int i) { rule.routes = {fmt::format("POST /orders/{}/{{id}}", i)}; });
}
void other_value(benchmark::State& state) {
  decide(state, [](Rule& rule, int i) { rule.headers = {{"User-Agent", fmt::format("robot{}*", i)}}; });
}
void drawn_and_spared(benchmark::State& state) {
  decide(state, [](Rule& rule, int) { rule.share = 0; });
}
BENCHMARK(other_path)->Arg(1)->Arg(10)->Arg(100);
BENCHMARK(other_method)->Arg(100);
BENCHMARK(other_header)->Arg(1)->Arg(100);
BENCHMARK(other_route)->Arg(1)->Arg(100);
BENCHMARK(other_value)->Arg(100);
BENCHMARK(drawn_and_spared)->Arg(1)->Arg(10);

}  // namespace
}  // namespace stormproof::faults
