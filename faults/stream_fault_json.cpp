#include "faults/stream_fault_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "harness/base/units.h"

namespace stormproof::faults {
namespace {

namespace json = boost::json;

std::string in_json(std::string_view text) { return json::serialize(json::string(text)); }

// Reads fields from an object; the first mistake stands, and what was asked for is remembered.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  void text(std::string_view name, std::string& into) {
    const json::value* const value = get(name);
    if (value == nullptr) return;
    if (value->is_string()) into = std::string(std::string_view(value->get_string()));
    else wrong(name, "a string is wanted");
  }
  void duration(std::string_view name, base::Nanoseconds& into, std::string_view = {}) {
    std::string text;
    this->text(name, text);
    if (!text.empty()) take(name, base::parse_duration(text), into);
  }
  void bytes(std::string_view name, std::uint64_t& into, std::string_view = {}) {
    const json::value* const value = get(name);
    if (value == nullptr) return;
    if (value->is_string()) take(name, base::parse_bytes(std::string_view(value->get_string())), into);
    else if (value->is_int64() && value->get_int64() >= 0) into = static_cast<std::uint64_t>(value->get_int64());
    else wrong(name, "bytes are wanted, like \"64KiB\" or 65536");
  }
  void share(std::string_view name, double& into) {
    const json::value* const value = get(name);
    if (value == nullptr) return;
    if (value->is_string()) take(name, base::parse_percent(std::string_view(value->get_string())), into);
    else if (value->is_number()) into = value->to_number<double>();
    else wrong(name, "a share is wanted, like \"10%\" or 0.1");
  }
  void number(std::string_view name, double& into) {
    const json::value* const value = get(name);
    if (value == nullptr) return;
    if (value->is_number()) into = value->to_number<double>();
    else wrong(name, "a number is wanted");
  }
  void flag(std::string_view name, bool& into, std::string_view = {}) {
    const json::value* const value = get(name);
    if (value == nullptr) return;
    if (value->is_bool()) into = value->get_bool();
    else wrong(name, "true or false is wanted");
  }
  void distribution(std::string_view name, Distribution& into, std::string_view = {}) {
    const json::value* const value = get(name);
    if (value == nullptr) return;
    if (value->is_string()) {
      into = {};
      return take(name, base::parse_duration(std::string_view(value->get_string())), into.base);
    }
    if (!value->is_object()) return wrong(name, "a duration or an object is wanted");
    Reader inner(value->get_object());
    std::string kind(to_string(into.kind));
    inner.text("distribution", kind);
    inner.duration("base", into.base);
    inner.duration("jitter", into.jitter);
    inner.duration("p99", into.p99);
    inner.number("shape", into.shape);
    inner.duration("at-most", into.at_most);
    inner.take("distribution", parse_distribution_kind(kind), into.kind);
    if (const std::string why = inner.mistake(); !why.empty()) wrong(name, why);
  }
  // One of these, by its own words.
  template <typename T, std::size_t size>
  void choice(std::string_view name, T& into, const std::array<T, size>& all) {
    std::string text(to_string(into));
    this->text(name, text);
    for (const T& each : all) {
      if (to_string(each) == text) {
        into = each;
        return;
      }
    }
    wrong(name, fmt::format("there is no '{}'", text));
  }
  void ignore(std::string_view name) { known_.push_back(name); }

  // "": none.
  std::string mistake() const {
    if (!mistake_.empty()) return mistake_;
    for (const auto& [key, value] : object_) {
      if (std::ranges::find(known_, std::string_view(key.data(), key.size())) == known_.end())
        return fmt::format("there is no '{}' here; there are: {}", std::string_view(key.data(), key.size()),
                           fmt::join(known_, ", "));
    }
    return "";
  }

 private:
  template <typename T>
  void take(std::string_view name, base::Result<T> value, T& into) {
    if (value) into = *value;
    else wrong(name, value.error().message);
  }
  void wrong(std::string_view name, std::string_view why) {
    if (mistake_.empty()) mistake_ = fmt::format("{}: {}", name, why);
  }
  const json::value* get(std::string_view name) {
    known_.push_back(name);
    return object_.if_contains({name.data(), name.size()});
  }

  const json::object& object_;
  std::vector<std::string_view> known_;
  std::string mistake_;
};

class Writer {
 public:
  void duration(std::string_view name, base::Nanoseconds value, std::string_view = {}) {
    add(name, in_json(base::format_duration_exact(value)));
  }
  void bytes(std::string_view name, std::uint64_t value, std::string_view = {}) { add(name, fmt::to_string(value)); }
  void flag(std::string_view name, bool value, std::string_view = {}) { add(name, value ? "true" : "false"); }
  void distribution(std::string_view name, const Distribution& of, std::string_view = {}) {
    using Kind = Distribution::Kind;
    Writer inner;
    inner.add("distribution", in_json(to_string(of.kind)));
    inner.duration("base", of.base);
    if (of.kind == Kind::uniform || of.kind == Kind::normal) inner.duration("jitter", of.jitter);
    if (of.kind == Kind::lognormal) inner.duration("p99", of.p99);
    if (of.kind == Kind::pareto) inner.add("shape", fmt::format("{}", of.shape));
    if (of.at_most != Distribution::longest) inner.duration("at-most", of.at_most);
    add(name, "{" + inner.fields() + "}");
  }
  void add(std::string_view name, std::string value) { fields_.push_back(fmt::format("\"{}\":{}", name, value)); }
  std::string fields() const { return fmt::format("{}", fmt::join(fields_, ",")); }

 private:
  std::vector<std::string> fields_;
};

// What a field is, as a schema of JSON.
class Describer {
 public:
  void duration(std::string_view name, base::Nanoseconds value, std::string_view about) {
    add(name, "string", about, in_json(base::format_duration_exact(value)));
  }
  void bytes(std::string_view name, std::uint64_t value, std::string_view about) {
    fields_.push_back(fmt::format(
        R"("{}":{{"oneOf":[{{"type":"integer","minimum":0}},{{"type":"string"}}],"description":{},"default":{}}})",
        name, in_json(about), value));
  }
  void flag(std::string_view name, bool value, std::string_view about) {
    add(name, "boolean", about, value ? "true" : "false");
  }
  void distribution(std::string_view name, const Distribution&, std::string_view about) {
    fields_.push_back(fmt::format(
        R"("{}":{{"oneOf":[{{"type":"string"}},{{"$ref":"#/components/schemas/distribution"}}],"description":{}}})",
        name, in_json(about)));
  }
  std::string fields() const { return fmt::format("{}", fmt::join(fields_, ",")); }

 private:
  void add(std::string_view name, std::string_view type, std::string_view about, std::string_view fallback) {
    fields_.push_back(
        fmt::format(R"("{}":{{"type":"{}","description":{},"default":{}}})", name, type, in_json(about), fallback));
  }
  std::vector<std::string> fields_;
};

// Calls with a default value of each type, in order.
template <typename Visit, std::size_t... index>
void each_type(Visit&& visit, std::index_sequence<index...>) {
  (visit(std::variant_alternative_t<index, StreamFaultKind>{}), ...);
}
template <typename Visit>
void each_type(Visit&& visit) {
  each_type(visit, std::make_index_sequence<std::variant_size_v<StreamFaultKind>>());
}

}  // namespace

base::Result<StreamFault> parse_stream_fault(std::string_view text, const std::vector<std::string_view>& besides,
                                             const StreamFault* standing) {
  json::error_code code;
  const json::value value = json::parse({text.data(), text.size()}, code);
  if (code) return base::fail("this is no JSON: " + code.message());
  if (!value.is_object()) return base::fail("an object is wanted");
  StreamFault fault = standing != nullptr ? *standing : StreamFault{};
  Reader reader(value.get_object());
  for (const std::string_view name : besides) reader.ignore(name);
  std::string type(standing != nullptr ? standing->type() : "");
  reader.text("name", fault.name);
  reader.text("type", type);
  reader.choice("direction", fault.direction, std::array{Direction::upstream, Direction::downstream});
  reader.choice("place", fault.place, std::array{Place::client, Place::upstream});
  reader.share("share", fault.share);
  bool known = false;
  each_type([&](auto kind) {
    if (kind.type != type) return;
    known = true;
    if (!std::holds_alternative<decltype(kind)>(fault.kind)) fault.kind = kind;
  });
  if (!known)
    return base::fail(fmt::format("there is no type '{}'; there are: {}", type, fmt::join(stream_fault_types(), ", ")));
  std::visit([&]<typename Kind>(Kind& kind) { Kind::fields(kind, reader); }, fault.kind);
  if (const std::string mistake = reader.mistake(); !mistake.empty()) return base::fail(mistake);
  if (fault.name.empty()) fault.name = fmt::format("{}-{}", type, to_string(fault.direction));
  if (auto checked = fault.check(); !checked) return std::unexpected(checked.error());
  return fault;
}

std::string stream_fault_fields(const StreamFault& fault) {
  Writer writer;
  writer.add("name", in_json(fault.name));
  writer.add("type", in_json(fault.type()));
  writer.add("direction", in_json(to_string(fault.direction)));
  writer.add("place", in_json(to_string(fault.place)));
  writer.add("share", fmt::format("{}", fault.share));
  std::visit([&]<typename Kind>(const Kind& kind) { Kind::fields(kind, writer); }, fault.kind);
  return writer.fields();
}

std::string stream_fault_schemas() {
  std::vector<std::string> schemas;
  each_type([&]<typename Kind>(const Kind& kind) {
    Describer describer;
    Kind::fields(kind, describer);
    const std::string fields = describer.fields();
    schemas.push_back(fmt::format(
        R"("{0}":{{"allOf":[{{"$ref":"#/components/schemas/fault"}},{{"type":"object","description":{1},"properties":{{"type":{{"const":"{0}"}}{2}{3}}}}}]}})",
        kind.type, in_json(kind.about), fields.empty() ? "" : ",", fields));
  });
  return fmt::format("{}", fmt::join(schemas, ",\n      "));
}

std::vector<std::string_view> stream_fault_types() {
  std::vector<std::string_view> types;
  each_type([&](const auto& kind) { types.push_back(kind.type); });
  return types;
}

}  // namespace stormproof::faults
