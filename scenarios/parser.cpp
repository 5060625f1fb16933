#include "scenarios/parser.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "harness/base/error.h"
#include "scenarios/check.h"
#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/encoding.h"
#include "scenarios/language.h"
#include "scenarios/reader.h"
#include "scenarios/source.h"
#include "scenarios/syntax.h"

namespace stormproof::scenarios {
namespace {

// Thrown through yaml-cpp, which has no other way to stop: the complaint is made already.
struct Enough {};

// Builds the document from yaml-cpp's events.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const Source& source, Complaints& complaints) : source_(source), complaints_(complaints) {}

  std::optional<Node>& root() { return root_; }
  std::optional<std::size_t> last_scalar() const { return last_scalar_; }

  std::vector<std::size_t> open_brackets() const {
    std::vector<std::size_t> brackets;
    for (const Open& open : open_) {
      if (open.bracket) brackets.push_back(open.node.offset);
    }
    return brackets;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (!root_) return;
    const std::size_t offset = offset_of(mark);
    const bool marked = source_.text().substr(offset).starts_with("---");
    complaints_
        .add(source_.place(offset, marked ? 3 : 1),
             marked ? "a second document; a file holds one scenario" : "text after the end of the scenario")
        .hint = marked ? "" : "check the indentation: fields of one map begin in the same column";
    throw Enough{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node = node_at(Node::Kind::nothing, mark, "?");
    // The mark of nothing is that of what comes next: step back to what stands before.
    const std::string_view before = source_.text().substr(0, node.offset);
    const std::size_t last = before.find_last_not_of(" \r\n");
    if (last != std::string_view::npos && (open_.empty() || last >= open_.back().node.offset))
      node.place = source_.place(last);
    take(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = node_at(Node::Kind::scalar, mark, tag);
    node.text = node.written = value;
    const char first = node.offset < source_.text().size() ? source_.text()[node.offset] : '\0';
    node.plain = tag == "?";
    last_scalar_ = node.offset;
    if (!node.plain && (first == '"' || first == '\'')) {
      const auto length = quoted_length(source_.text(), node.offset);
      if (!length) {
        complaints_.add(node.place, fmt::format("the text that begins with {} is never closed", first)).hint =
            "a quote is missing at its end";
        throw Enough{};
      }
      node.place = source_.place(node.offset, *length);
    } else if (node.plain) {
      const std::string_view rest = source_.text().substr(node.offset);
      const auto [end, unused] = std::ranges::mismatch(rest, value);
      node.place = source_.place(node.offset, static_cast<std::size_t>(end - rest.begin()));
    }
    take(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const std::size_t offset = offset_of(mark);
    const std::size_t end = source_.text().find_first_of(" ,]}\r\n", offset);
    const Place place = source_.place(offset, std::min(end, source_.text().size()) - offset);
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) return stop(place, "an alias within its own anchor");
    if (!open_.empty() && open_.back().awaits_key()) return stop(place, "a key must be text, not an alias");
    nodes_ += found->second.nodes;
    aliased_bytes_ += found->second.bytes;
    if (aliased_bytes_ > aliased_bytes_max)
      stop(place, fmt::format("aliases copy more than {} bytes of text", aliased_bytes_max));
    if (nodes_ > nodes_max) stop(place, too_many_nodes());
    take(Node(found->second.node), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(node_at(Node::Kind::list, mark, tag), anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(node_at(Node::Kind::map, mark, tag), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    bool bracket = false;
    bool awaits_key() const { return node.kind == Node::Kind::map && node.keys.size() == node.items.size(); }
  };
  struct Anchored {
    Node node;
    std::size_t nodes = 0;
    std::size_t bytes = 0;
  };

  static std::string too_many_nodes() {
    return fmt::format("more than {} values; a scenario has at most that many", nodes_max);
  }

  void stop(Place place, std::string message) {
    complaints_.add(place, std::move(message));
    throw Enough{};
  }

  std::size_t offset_of(const YAML::Mark& mark) const { return source_.offset(mark.line, mark.column); }

  // Past the anchor and the tag, which yaml-cpp's mark stands at.
  std::size_t past_properties(std::size_t offset) const {
    const std::string_view text = source_.text();
    while (offset < text.size() && (text[offset] == '&' || text[offset] == '!')) {
      const std::size_t end = text.find_first_of(" \n\r", offset);
      const std::size_t next = text.find_first_not_of(" \n\r", end);
      if (end == std::string_view::npos || next == std::string_view::npos) break;
      offset = next;
    }
    return offset;
  }

  Node node_at(Node::Kind kind, const YAML::Mark& mark, const std::string& tag) {
    Node node;
    node.kind = kind;
    const std::size_t start = offset_of(mark);
    node.offset = kind == Node::Kind::nothing ? start : past_properties(start);
    node.place = source_.place(node.offset);
    if (!tag.empty() && tag != "?" && tag != "!") {
      const std::size_t sign = source_.text().find('!', start);
      const std::size_t at = std::min(sign, source_.text().size());
      const std::size_t end = std::min(source_.text().find_first_of(" \n\r,]}", at), source_.text().size());
      complaints_.add(source_.place(at, end - at), "tags ('!…') are not part of the language").hint =
          "put quotes around a text that begins with !";
    }
    if (++nodes_ > nodes_max) stop(node.place, too_many_nodes());
    return node;
  }

  void open(Node node, YAML::anchor_t anchor) {
    if (open_.size() >= static_cast<std::size_t>(depth_max))
      stop(node.place, fmt::format("nested deeper than {} levels", depth_max));
    const char first = node.offset < source_.text().size() ? source_.text()[node.offset] : '\0';
    const bool bracket = first == (node.kind == Node::Kind::list ? '[' : '{');
    open_.push_back({std::move(node), anchor, bracket});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    take(std::move(done.node), done.anchor);
  }

  void take(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) remember(node, anchor);
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (open_.back().awaits_key()) {
      open_.back().node.keys.push_back(std::move(node));
    } else {
      open_.back().node.items.push_back(std::move(node));
    }
  }

  void remember(const Node& node, YAML::anchor_t anchor) {
    Anchored anchored{node, 0, 0};
    measure(node, anchored);
    // Held until the end of parsing: a copy like those that aliases make.
    nodes_ += anchored.nodes;
    if (nodes_ > nodes_max) stop(node.place, too_many_nodes());
    aliased_bytes_ += anchored.bytes;
    if (aliased_bytes_ > aliased_bytes_max)
      stop(node.place, fmt::format("anchors hold more than {} bytes of text", aliased_bytes_max));
    anchored_.insert_or_assign(anchor, std::move(anchored));
  }

  static void measure(const Node& node, Anchored& sum) {
    ++sum.nodes;
    sum.bytes += node.written.size();
    for (const Node& key : node.keys) measure(key, sum);
    for (const Node& item : node.items) measure(item, sum);
  }

  const Source& source_;
  Complaints& complaints_;
  std::optional<Node> root_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Anchored> anchored_;
  std::optional<std::size_t> last_scalar_;
  std::size_t nodes_ = 0;
  std::size_t aliased_bytes_ = 0;
};

// Nothing where the text is no YAML; the complaint is made then.
std::optional<Node> build(const Source& source, Complaints& complaints) {
  Builder builder(source, complaints);
  try {
    std::istringstream stream{std::string(source.text())};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) continue;
  } catch (const YAML::Exception& stopped) {
    const std::size_t offset = source.offset(stopped.mark.line, stopped.mark.column);
    explain({stopped.msg, offset, builder.open_brackets(), builder.last_scalar()}, source, complaints);
    return std::nullopt;
  } catch (const Enough&) {
    return std::nullopt;
  }
  return std::move(builder.root());
}

// Whether the document is a map; complains where it is none.
bool is_map(const std::optional<Node>& root, const Source& source, Complaints& complaints) {
  if (root && root->kind == Node::Kind::map) return true;
  const bool empty = !root || root->kind == Node::Kind::nothing;
  const std::size_t directive = source.text().starts_with('%') ? 0 : source.text().find("\n%");
  if (empty && directive != std::string_view::npos) {
    complaints.add(source.place(directive == 0 ? 0 : directive + 1),
                   "a line that begins with '%' is a YAML directive; a scenario has none");
    return false;
  }
  Diagnostic& diagnostic = complaints.add(empty ? Place{1, 1, 1} : root->place,
                                          empty ? "the scenario is empty"
                                                : fmt::format("a scenario is a map of fields, not {}",
                                                              root->kind == Node::Kind::list ? "a list" : "a text"));
  diagnostic.allowed = scenario_record().key_names();
  diagnostic.hint = "begin with version: 1";
  return false;
}

// By what it is called, a header of this kind carries something secret.
bool carries_credentials(std::string_view header) {
  std::string name;
  for (const char c : header) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  constexpr std::array<std::string_view, 8> words = {"auth",   "cookie",  "token",  "secret",
                                                     "passwd", "api-key", "apikey", "password"};
  return std::ranges::any_of(words, [&](std::string_view word) { return name.contains(word); });
}

// Written as they are into the scenario: nobody said that they are secret, but they are.
void add_credentials(Scenario& scenario) {
  const auto add = [&](std::string_view header, const std::string& value) {
    if (!carries_credentials(header)) return;
    scenario.secrets.push_back(value);
    scenario.secrets.push_back(value.substr(value.find_last_of(' ') + 1));  // "Bearer …"
  };
  for (const auto& [name, value] : scenario.traffic.rewrites.headers) add(name, value);
  for (const Phase& phase : scenario.phases) {
    for (const Fault& fault : phase.faults) {
      if (!fault.abort) continue;
      for (const auto& [name, value] : fault.abort->headers) add(name, value);
    }
    if (!phase.probe) continue;
    for (const ProbeVariant& variant : phase.probe->vary) add(variant.name, variant.value);
  }
}

std::unexpected<Diagnostics> unreadable(const std::string& path, std::string why) {
  return std::unexpected(Diagnostics{{.file = path,
                                      .place = {},
                                      .message = std::move(why),
                                      .suggestion = {},
                                      .allowed = {},
                                      .hint = {},
                                      .source = {}}});
}

// All passes up to the tables of the language; `read` then gives the whole its meaning.
template <typename Read>
auto parse_as(const Record& record, std::string_view text, const std::string& file, const Environment& environment,
              std::vector<std::string>& secrets, std::vector<std::string>& warnings, Read read)
    -> std::expected<std::invoke_result_t<Read, const Node&, Complaints&>, Diagnostics> {
  const Source source(file, text);
  Complaints complaints(source);
  check_encoding(source, complaints);
  if (!complaints.empty()) return std::unexpected(complaints.in_order());
  std::optional<Node> root = build(source, complaints);
  if (!complaints.empty() && !root) return std::unexpected(complaints.in_order());
  if (!is_map(root, source, complaints)) return std::unexpected(complaints.in_order());

  secrets = expand(*root, source, environment, complaints);
  check(*root, record, complaints);
  auto meaning = read(*root, complaints);
  if (!complaints.empty()) return std::unexpected(complaints.in_order());
  for (const Diagnostic& warning : complaints.in_order()) warnings.push_back(render(warning));
  return meaning;
}

std::expected<std::string, Diagnostics> text_of(const std::string& path, std::string_view what) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return unreadable(path, base::fail_errno(fmt::format("cannot open {}", what), errno).error().message);
  std::string text(scenario_bytes_max + 4, '\0');  // room for a byte order mark and one byte too many
  errno = 0;
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0)
    return unreadable(path, base::fail_errno(fmt::format("cannot read {}", what), errno).error().message);
  return text;
}

}  // namespace

std::expected<Scenario, Diagnostics> parse(std::string_view text, std::string file, const Environment& environment) {
  std::vector<std::string> secrets;
  std::vector<std::string> warnings;
  auto scenario = parse_as(scenario_record(), text, file, environment, secrets, warnings, read_scenario);
  if (!scenario) return scenario;
  scenario->file = std::move(file);
  scenario->text = std::string(text);
  scenario->secrets = std::move(secrets);
  scenario->warnings = std::move(warnings);
  add_credentials(*scenario);
  return scenario;
}

std::expected<Scenario, Diagnostics> load(const std::string& path, const Environment& environment) {
  const auto text = text_of(path, "the scenario");
  if (!text) return std::unexpected(text.error());
  return parse(*text, path, environment);
}

std::expected<ProxyConfig, Diagnostics> parse_proxy(std::string_view text, std::string file,
                                                    const Environment& environment) {
  std::vector<std::string> secrets;   // no value of this language may be one
  std::vector<std::string> warnings;  // it has none
  return parse_as(proxy_record(), text, file, environment, secrets, warnings, read_proxy);
}

std::expected<ProxyConfig, Diagnostics> load_proxy(const std::string& path, const Environment& environment) {
  const auto text = text_of(path, "the configuration");
  if (!text) return std::unexpected(text.error());
  return parse_proxy(*text, path, environment);
}

}  // namespace stormproof::scenarios
