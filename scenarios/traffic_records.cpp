#include "scenarios/traffic_records.h"

#include <fmt/format.h>

#include "replay/rewrite_rules.h"
#include "scenarios/reading.h"

namespace stormproof::scenarios {
namespace {

const Record& ramp() {
  static const Record record = {"ramp",
                                "A rate that changes evenly.",
                                {{"from", a(Form::rate), required, "The rate at the start.", "20/s"},
                                 {"to", a(Form::rate), required, "The rate at the end, kept from then on.", "200/s"},
                                 {"over", a(Form::duration), required, "How long the change takes.", "30s"}}};
  return record;
}

const Record& step() {
  static const Record record = {
      "step",
      "A rate for a while.",
      {{"rate", a(Form::rate_or_none), required, "The rate; 0/s is a pause.", "100/s"},
       {"for", a(Form::duration), optional, "How long. The last step needs none: its rate stays.", "10s"}}};
  return record;
}

const Record& arrivals() {
  static const Record record = {
      "trace of arrivals",
      "The times at which requests came to something real.",
      {{"file", a(Form::line), required,
        "CSV, or one time a line; dates or seconds. The path is relative to the scenario's folder.",
        "traces/production.csv"},
       {"column", a(Form::line), optional,
        "The column with the times, by name or number. Default: the first that holds one.", "TIMESTAMP"},
       {"speed", a(Form::factor), optional, "Faster or slower. Default: 1x.", "60x"}}};
  return record;
}

const Record& only() {
  static const Record record = {
      "traffic filter",
      "Which recorded requests are sent.",
      {{"methods", list_of(a(Form::method)), optional, "Only these methods.", "[GET, POST]"},
       {"paths", list_of(a(Form::path_pattern)), optional, "Only these paths; * stands for any characters.",
        "[\"/checkout/*\"]"},
       {"not-paths", list_of(a(Form::path_pattern)), optional, "Not these paths.", "[\"/checkout/admin/*\"]"},
       {"sessions", a(Form::percent), optional, "This share of the sessions, each whole; drawn by the run's seed.",
        "10%"}},
      Choice{false, {"methods", "paths", "not-paths", "sessions"}}};
  return record;
}

const Record& path_rule() {
  static const Record record = {
      "path rule",
      "A path that is sent in the place of another.",
      {{"from", a(Form::path_pattern), required, "The recorded path; * stands for any characters.", "\"/old/*\""},
       {"to", a(Form::path_pattern), required, "What is sent: what the n-th * took stands where the n-th * is.",
        "\"/new/*\""}}};
  return record;
}

const Record& rewrite() {
  static const Record record = {
      "rewrite",
      "What is changed in every request, whatever the service answers.",
      {{"host", a(Form::line), optional, "The Host header.", "shop.staging.example"},
       {"headers", named(hideable(Form::header_value), Form::header_name), optional,
        "Headers that are set, in the place of what has their name.", "{X-Tenant: staging}"},
       {"without", list_of(a(Form::header_name)), optional, "Headers that are taken out.", "[X-Forwarded-For]"},
       {"paths", list_of(a(path_rule())), optional, "Paths; the first rule that matches is applied.",
        "[{from: \"/old/*\", to: \"/new/*\"}]"},
       {"query", named(hideable(Form::text), Form::line), optional, "Query parameters that are set.", "{debug: \"1\"}"},
       {"without-query", list_of(a(Form::line)), optional, "Query parameters that are taken out.", "[utm_source]"}},
      Choice{false, {"host", "headers", "without", "paths", "query", "without-query"}}};
  return record;
}

// Each step but the last ends, and the last one sends something.
void check_steps(const Node& list, const std::vector<RateStep>& steps, Complaints& complaints) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool last = i + 1 == steps.size();
    if (!last && !steps[i].lasting && at(list.items[i], "for") == nullptr)
      complaints.add(list.items[i].place, "a step before the last one says how long it lasts").hint =
          "for example {rate: 100/s, for: 10s}";
    const bool read = value<double>(in(list.items[i], "rate")).has_value();
    if (last && read && steps[i].per_second <= 0)
      complaints.add(in(list.items[i], "rate").place, "the last step stays: its rate must be above 0");
  }
}

Rewrites read_rewrites(const Node& node, Complaints& complaints) {
  Rewrites rewrites;
  put(rewrites.host, in(node, "host"));
  rewrites.headers = text_map(in(node, "headers"));
  rewrites.headers_removed = texts(in(node, "without"));
  rewrites.query = text_map(in(node, "query"));
  rewrites.query_removed = texts(in(node, "without-query"));
  const auto complain = [&](const auto& result, const Node& where) {
    if (!result) complaints.add(where.place, result.error().message);
  };
  if (!rewrites.host.empty()) complain(replay::parse_header_rule("Host: " + rewrites.host), in(node, "host"));
  const Node& headers = in(node, "headers");
  for (std::size_t i = 0; i < headers.items.size(); ++i) {
    if (const auto text = value<std::string>(headers.items[i]))
      complain(replay::parse_header_rule(headers.keys[i].text + ": " + *text), headers.keys[i]);
  }
  for (const Node& name : in(node, "without").items) {
    if (const auto text = value<std::string>(name)) complain(replay::check_header_name(*text), name);
  }
  const Node& query = in(node, "query");
  for (std::size_t i = 0; i < query.items.size(); ++i) {
    if (const auto text = value<std::string>(query.items[i]))
      complain(replay::parse_query_rule(query.keys[i].text + "=" + *text), query.keys[i]);
  }
  for (const Node& rule : in(node, "paths").items) {
    const auto from = value<std::string>(in(rule, "from"));
    const auto to = value<std::string>(in(rule, "to"));
    if (!from || !to) continue;
    complain(replay::parse_path_rule(*from + "=" + *to), rule);
    rewrites.paths.emplace_back(*from, *to);
  }
  return rewrites;
}

void read_ceilings(const Node& node, Traffic& traffic, Complaints& complaints) {
  put(traffic.rate_per_second_max, in(node, "max-rate"));
  if (const auto most = count_in(in(node, "max-requests"))) {
    traffic.requests_max = *most;
    if (*most == 0) complaints.add(in(node, "max-requests").place, "a ceiling of 0 requests sends nothing");
  }
  if (traffic.rate_per_second && traffic.rate_per_second_max > 0 &&
      *traffic.rate_per_second > traffic.rate_per_second_max)
    complaints.add(in(node, "max-rate").place, "the rate lies above this ceiling: it would never be reached");
}

}  // namespace

const Record& traffic_record() {
  static const Record record = {
      "traffic",
      "What is sent to the service: recorded requests, on a schedule of their own, however slow the answers are.",
      {{"capture", a(Form::line), required, "The recorded traffic; the path is relative to the scenario's folder.",
        "captures/checkout.traffic"},
       {"rate", a(Form::rate), optional, "Requests at an even rate, whatever the rhythm of the recording.", "200/s"},
       {"speed", a(Form::factor), optional, "The rhythm of the recording, faster or slower.", "2x"},
       {"ramp", a(ramp()), optional, "A rate that changes evenly.", "{from: 20/s, to: 200/s, over: 30s}"},
       {"steps", list_of(a(step())), optional, "One rate after the other; the last one stays.",
        "[{rate: 100/s, for: 10s}, {rate: 200/s}]"},
       {"poisson", a(Form::rate), optional,
        "Gaps as independent users make them, around a rate; the run's seed draws them.", "200/s"},
       {"arrivals", a(arrivals()), optional, "The arrival times of a trace, each for the next recorded request.",
        "{file: traces/production.csv, speed: 60x}"},
       {"connections", a(Form::connections), optional,
        "At most so many at once; or 'recorded': one for each of the recording, or 'session': one for each session, "
        "their "
        "order kept. Default: 512.",
        "recorded"},
       {"only", a(only()), optional, "Which recorded requests are sent. Default: all.",
        "{methods: [GET], paths: [\"/checkout/*\"]}"},
       {"rewrite", a(rewrite()), optional, "What is changed in every request.", "{host: shop.staging.example}"},
       {"warm-up", a(Form::duration), optional,
        "Traffic before the steady state that is not looked at: connections and caches are new.", "10s"},
       {"links", a(Form::flag), optional,
        "Sends cookies, tokens and ids as the live service gave them, in the place of recorded ones. Default: true.",
        "false"},
       {"drop-at-limit", a(Form::flag), optional,
        "A request that finds all connections busy is not sent, and counted. Default: false: it waits, and that "
        "counts.",
        "true"},
       {"timeout", a(Form::duration), optional, "For one request, from its sending. Default: 30s.", "5s"},
       {"precise", a(Form::flag), optional, "Spins before each instant: exact to microseconds, costs a core.", "true"},
       {"max-requests", a(Form::count), optional, "A ceiling: never more requests than this.", "100000"},
       {"max-rate", a(Form::rate), optional, "A ceiling: no second holds more; what would come sooner is put off.",
        "1000/s"},
       {"allow-writes", a(Form::flag), optional,
        "Sends also methods that write (POST, PUT, PATCH, DELETE). Default: false.", "true"},
       {"keep-idempotency-keys", a(Form::flag), optional,
        "Sends recorded Idempotency-Key headers as they are; else each repetition has its own. Default: false.",
        "true"}},
      Choice{true, {"rate", "speed", "ramp", "steps", "poisson", "arrivals"}}};
  return record;
}

Traffic read_traffic(const Node& node, Complaints& complaints) {
  Traffic traffic;
  put(traffic.capture, in(node, "capture"));
  traffic.rate_per_second = value<double>(in(node, "rate"));
  traffic.speed = value<double>(in(node, "speed"));
  if (const Node* const ramp = at(node, "ramp")) {
    traffic.ramp.emplace();
    put(traffic.ramp->from_per_second, in(*ramp, "from"));
    put(traffic.ramp->to_per_second, in(*ramp, "to"));
    put(traffic.ramp->over, in(*ramp, "over"));
  }
  for (const Node& item : in(node, "steps").items) {
    RateStep step;
    put(step.per_second, in(item, "rate"));
    step.lasting = value<Nanoseconds>(in(item, "for"));
    traffic.steps.push_back(step);
  }
  check_steps(in(node, "steps"), traffic.steps, complaints);
  traffic.poisson_per_second = value<double>(in(node, "poisson"));
  if (const Node* const arrivals = at(node, "arrivals")) {
    traffic.arrivals.emplace();
    put(traffic.arrivals->file, in(*arrivals, "file"));
    put(traffic.arrivals->column, in(*arrivals, "column"));
    put(traffic.arrivals->speed, in(*arrivals, "speed"));
  }
  if (const auto connections = value<std::string>(in(node, "connections"))) {
    if (*connections == "recorded") traffic.affinity = Affinity::recorded;
    else if (*connections == "session") traffic.affinity = Affinity::session;
    else traffic.connections = std::stoull(*connections);
  }
  traffic.methods = texts(in(in(node, "only"), "methods"));
  traffic.paths = texts(in(in(node, "only"), "paths"));
  traffic.paths_left_out = texts(in(in(node, "only"), "not-paths"));
  put(traffic.sessions, in(in(node, "only"), "sessions"));
  put(traffic.allow_writes, in(node, "allow-writes"));
  put(traffic.keep_idempotency_keys, in(node, "keep-idempotency-keys"));
  put(traffic.warm_up, in(node, "warm-up"));
  put(traffic.links, in(node, "links"));
  put(traffic.drops_at_limit, in(node, "drop-at-limit"));
  put(traffic.precise, in(node, "precise"));
  traffic.timeout = value<Nanoseconds>(in(node, "timeout"));
  read_ceilings(node, traffic, complaints);
  traffic.rewrites = read_rewrites(in(node, "rewrite"), complaints);
  return traffic;
}

}  // namespace stormproof::scenarios
