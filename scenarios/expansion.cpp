#include "scenarios/expansion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "harness/base/secrets.h"

namespace stormproof::scenarios {
namespace {

bool is_name(std::string_view text) { return read(Form::variable, text).has_value(); }

class Expander {
 public:
  Expander(const Source& source, const Environment& environment, Complaints& complaints)
      : source_(source), environment_(environment), complaints_(complaints) {}

  void walk(Node& node) {
    if (node.kind == Node::Kind::scalar) expand_scalar(node);
    for (const Node& key : node.keys) check_key(key);
    for (Node& item : node.items) walk(item);
  }

  std::vector<std::string> secrets() && { return std::move(secrets_); }

 private:
  void check_key(const Node& key) {
    if (!key.written.contains("${")) return;
    complaints_.add(key.place, "a key is not expanded; ${…} stands in values only");
  }

  void expand_scalar(Node& node) {
    if (!node.written.contains("${")) return;
    node.unexpandable = true;
    std::string text;
    std::string_view rest = node.written;
    while (true) {
      const std::size_t dollar = rest.find("${");
      text += rest.substr(0, dollar);
      if (dollar == std::string_view::npos) break;
      rest.remove_prefix(dollar);
      if (text.ends_with('$')) {  // $${
        text += '{';
        rest.remove_prefix(2);
        continue;
      }
      const std::size_t end = rest.find('}');
      if (end == std::string_view::npos) {
        complaints_.add(place_of(node, rest.substr(0, 2)), "'${' without its '}'").hint = "write $${ for a plain ${";
        return;
      }
      const auto value = value_of(node, rest.substr(0, end + 1));
      if (!value) return;
      text += *value;
      rest.remove_prefix(end + 1);
      bytes_ += value->size();
      if (bytes_ > expanded_bytes_max) {
        if (!std::exchange(too_large_, true))
          complaints_.add(node.place,
                          fmt::format("the values put in for ${{…}} have more than {} bytes", expanded_bytes_max));
        return;
      }
    }
    node.text = std::move(text);
    node.unexpandable = false;
  }

  // `reference` is "${…}" whole.
  std::optional<std::string> value_of(Node& node, std::string_view reference) {
    const std::string_view inside = reference.substr(2, reference.size() - 3);
    if (inside.starts_with("secret:")) return secret_of(node, reference, inside.substr(7));
    const std::size_t dash = inside.find(":-");
    const std::string_view name = inside.substr(0, dash);
    if (!is_name(name)) {
      Diagnostic& diagnostic =
          complaints_.add(place_of(node, reference), fmt::format("{} is not a variable", in_quotes(reference)));
      const std::size_t wrong = name.find_first_of("-=:?");
      if (wrong != std::string_view::npos && is_name(name.substr(0, wrong))) {
        diagnostic.suggestion =
            fmt::format("${{{}:-{}}}", name.substr(0, wrong), inside.substr(std::min(inside.size(), wrong + 1)));
      } else {
        diagnostic.hint = "write ${NAME}, ${NAME:-default} or ${secret:NAME}; $${ stands for a plain ${";
      }
      return std::nullopt;
    }
    node.expanded = true;
    std::optional<std::string> value = environment_(name);
    if (dash != std::string_view::npos && (!value || value->empty())) return std::string(inside.substr(dash + 2));
    if (!value) {
      complaints_.add(place_of(node, reference), fmt::format("the environment variable '{}' is not set", name)).hint =
          fmt::format("give it a default: ${{{}:-…}}", name);
    }
    return value;
  }

  std::optional<std::string> secret_of(Node& node, std::string_view reference, std::string_view name) {
    if (!is_name(name)) {
      complaints_.add(place_of(node, reference), fmt::format("{} is not the name of a secret", in_quotes(name))).hint =
          "write ${secret:NAME}; a secret has no default";
      return std::nullopt;
    }
    node.expanded = true;
    node.secret = true;
    const std::string variable = std::string(secret_prefix) + std::string(name);
    std::optional<std::string> value = environment_(variable);
    if (!value || value->empty()) {
      complaints_.add(place_of(node, reference), fmt::format("the secret '{}' is not set", name)).hint =
          fmt::format("set the environment variable {}", variable);
      return std::nullopt;
    }
    if (value->size() < base::secret_bytes_min) {
      complaints_
          .add(place_of(node, reference),
               fmt::format("the secret '{}' has fewer than {} characters: too short to be kept out of reports", name,
                           base::secret_bytes_min))
          .hint = "take a longer one; what is not secret may stand in the scenario";
      return std::nullopt;
    }
    if (std::ranges::find(secrets_, *value) == secrets_.end()) secrets_.push_back(*value);
    return value;
  }

  // Where a part of a scalar stands; the scalar's own place where escapes hide it.
  Place place_of(const Node& node, std::string_view part) const {
    constexpr std::size_t reach = 4096;
    const std::size_t found = source_.text().substr(node.offset, std::max(reach, node.written.size())).find(part);
    return found == std::string_view::npos ? node.place : source_.place(node.offset + found, part.size());
  }

  const Source& source_;
  const Environment& environment_;
  Complaints& complaints_;
  std::vector<std::string> secrets_;
  std::size_t bytes_ = 0;
  bool too_large_ = false;
};

}  // namespace

Environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* const value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

std::vector<std::string> expand(Node& root, const Source& source, const Environment& environment,
                                Complaints& complaints) {
  Expander expander(source, environment, complaints);
  expander.walk(root);
  return std::move(expander).secrets();
}

}  // namespace stormproof::scenarios
