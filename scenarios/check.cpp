#include "scenarios/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "scenarios/suggestion.h"

namespace stormproof::scenarios {
namespace {

// Where a value stands, for the messages about it.
struct Spot {
  std::string label;          // "'faults'", "an item of 'faults'"
  Place owner;                // the key, or the item itself
  std::string_view key = {};  // the key, where there is one
  std::string_view example = {};
};

std::string describe(const Shape& shape) {
  std::vector<std::string> kinds;
  if (shape.scalar) kinds.emplace_back(noun(*shape.scalar));
  if (shape.list) kinds.emplace_back("a list");
  if (shape.map != nullptr || shape.named) kinds.emplace_back("a map");
  return fmt::format("{}", fmt::join(kinds, " or "));
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::nothing: return "nothing";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a map";
    case Node::Kind::scalar: break;
  }
  return node.secret ? "a secret" : node.text.empty() ? "an empty text" : in_quotes(node.text);
}

// The records that have such a key, for one who wrote it at the wrong depth.
std::string homes_of(std::string_view key, const Record& root) {
  std::vector<std::string> homes;
  for (const Record* record : all_records(root)) {
    if (record->key(key) != nullptr) homes.push_back(fmt::format("{}", record->name));
  }
  if (homes.size() > 2) return fmt::format("{} and {} others", homes.front(), homes.size() - 1);
  return fmt::format("{}", fmt::join(homes, " and "));
}

// "./shop --port 8082" as the list that it should have been.
std::string as_list(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) {
      const bool quotes = text.substr(0, end).find_first_of("{}[],:#\"'&*!|>%@` ") != std::string_view::npos;
      words.push_back(quotes ? fmt::format("\"{}\"", text.substr(0, end)) : std::string(text.substr(0, end)));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return fmt::format("[{}]", fmt::join(words, ", "));
}

// "is empty" needs to be told of what.
std::string sentence(std::string_view label, const std::string& message) {
  const bool predicate = message.starts_with("is ") || message.starts_with("must ");
  return predicate ? fmt::format("{} {}", label, message) : message;
}

class Checker {
 public:
  Checker(const Record& root, Complaints& complaints) : root_(root), complaints_(complaints) {}

  void map(Node& node, const Record& record, Place owner) {
    clean_keys(node);
    mend_unknown_keys(node, record);
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const Key* const key = record.key(node.keys[i].text);
      if (key == nullptr) continue;
      value(node.items[i], key->shape, {fmt::format("'{}'", key->name), node.keys[i].place, key->name, key->example});
    }
    missing_keys(node, record, owner);
    if (record.choice) choice(node, record, owner);
  }

 private:
  void value(Node& node, const Shape& shape, const Spot& spot) {
    if (node.kind == Node::Kind::scalar && shape.scalar) return scalar(node, shape, spot);
    if (node.kind == Node::Kind::map && shape.map != nullptr) return map(node, *shape.map, spot.owner);
    if (node.kind == Node::Kind::map && shape.named) return names(node, shape, spot);
    if (node.kind == Node::Kind::list && shape.list) return list(node, *shape.list, spot);
    mismatch(node, shape, spot);
  }

  void scalar(Node& node, const Shape& shape, const Spot& spot) {
    if (node.unexpandable) return;
    if (node.secret && !shape.may_be_secret) {
      complaints_.add(node.place, fmt::format("{} cannot hold a secret: it is stored with the run", spot.label)).hint =
          "secrets may stand in url, upstream, command, env, body and headers";
      return;
    }
    auto reading = read(*shape.scalar, node.text);
    if (reading) {
      node.value = std::move(*reading);
      return;
    }
    if (node.secret) {
      complaints_.add(node.place,
                      fmt::format("{}: the value of the secret is not {}", spot.label, noun(*shape.scalar)));
      return;
    }
    std::string message = sentence(spot.label, reading.error().message);
    if (node.expanded) message += fmt::format(" (from {})", in_quotes(node.written));
    Diagnostic& diagnostic = complaints_.add(node.place, std::move(message));
    diagnostic.suggestion = std::move(reading.error().suggestion);
  }

  void list(Node& node, const Shape& item, const Spot& spot) {
    if (node.items.empty()) {
      complaints_.add(node.place, fmt::format("{} is empty", spot.label)).hint =
          "leave the key out, or list at least one";
    }
    for (Node& one : node.items) {
      value(one, item, {fmt::format("an item of {}", spot.label), one.place, {}, item_example(item)});
    }
  }

  void names(Node& node, const Shape& shape, const Spot& spot) {
    clean_keys(node);
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const Node& name = node.keys[i];
      if (const auto reading = read(shape.name_form, name.text); !reading) {
        complaints_.add(name.place, sentence("a name in " + spot.label, reading.error().message));
      }
      value(node.items[i], *shape.named, {in_quotes(name.text), name.place, {}, {}});
    }
  }

  void mismatch(const Node& node, const Shape& shape, const Spot& spot) {
    const bool nothing = node.kind == Node::Kind::nothing;
    const Place place = nothing ? spot.owner : node.place;
    std::string message = nothing ? fmt::format("{} has no value; it takes {}", spot.label, describe(shape))
                                  : fmt::format("{} takes {}, not {}", spot.label, describe(shape), describe(node));
    Diagnostic& diagnostic = complaints_.add(place, std::move(message));
    if (shape.map != nullptr) diagnostic.allowed = shape.map->key_names();
    if (node.kind == Node::Kind::scalar && shape.list && !node.secret && !spot.key.empty()) {
      diagnostic.hint = fmt::format("write a list: {}: {}", spot.key, as_list(node.written));
    } else if (node.kind == Node::Kind::map && shape.list) {
      diagnostic.hint = "begin each item with '- ', or put [ ] around it";
    } else if (node.kind == Node::Kind::list && !shape.list) {
      diagnostic.hint = "take out the '- ' or the [ ]";
    } else if (!spot.example.empty()) {
      diagnostic.hint = spot.key.empty() ? fmt::format("for example {}", spot.example)
                                         : fmt::format("for example {}: {}", spot.key, spot.example);
    }
  }

  // Takes out keys that are none, that stand twice, or that would merge.
  void clean_keys(Node& node) {
    std::map<std::string, int> first_lines;
    for (std::size_t i = 0; i < node.keys.size();) {
      const Node& key = node.keys[i];
      const auto first = first_lines.find(key.text);
      bool wrong = true;
      if (key.kind != Node::Kind::scalar) {
        complaints_.add(key.place, fmt::format("a key must be text, not {}", describe(key)));
      } else if (key.text == "<<" && key.plain) {
        complaints_.add(key.place, "merge keys ('<<') are not part of the language").hint =
            "write the keys out, or use an alias for a whole value";
      } else if (first != first_lines.end()) {
        complaints_.add(key.place, fmt::format("duplicate key {}; it stands on line {} already", in_quotes(key.text),
                                               first->second));
      } else {
        first_lines.emplace(key.text, key.place.line);
        wrong = false;
      }
      if (wrong) {
        node.keys.erase(node.keys.begin() + static_cast<std::ptrdiff_t>(i));
        node.items.erase(node.items.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
  }

  void mend_unknown_keys(Node& node, const Record& record) {
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      Node& key = node.keys[i];
      if (record.key(key.text) != nullptr) continue;
      Diagnostic& diagnostic =
          complaints_.add(key.place, fmt::format("unknown {} field {}", record.name, in_quotes(key.text)));
      diagnostic.allowed = record.key_names();
      const std::size_t colon = key.text.find(':');
      if (colon != std::string::npos && node.items[i].kind == Node::Kind::nothing &&
          record.key(key.text.substr(0, colon)) != nullptr) {
        diagnostic.suggestion = fmt::format("{}: {}", key.text.substr(0, colon), key.text.substr(colon + 1));
        diagnostic.hint = "a space follows the ':' of a key";
        key.text = key.text.substr(0, colon);
        take_value_from_key(node.items[i], key, diagnostic.suggestion);
        continue;
      }
      const std::string homes = homes_of(key.text, root_);
      if (!homes.empty()) {
        diagnostic.hint = fmt::format("'{}' is a field of {}: check the indentation", key.text, homes);
        continue;
      }
      diagnostic.suggestion = nearest(key.text, diagnostic.allowed);
      if (!diagnostic.suggestion.empty() && at(node, diagnostic.suggestion) == nullptr)
        key.text = diagnostic.suggestion;
    }
  }

  // "share:30%" is a key without a value; what was meant is plain.
  static void take_value_from_key(Node& item, const Node& key, std::string_view pair) {
    item.kind = Node::Kind::scalar;
    item.place = key.place;
    item.text = item.written = std::string(pair.substr(pair.find(": ") + 2));
  }

  void missing_keys(const Node& node, const Record& record, Place owner) {
    std::vector<std::string> missing;
    std::string hint;
    for (const Key& key : record.keys) {
      if (!key.required || at(node, key.name) != nullptr) continue;
      missing.push_back(fmt::format("'{}'", key.name));
      if (hint.empty()) hint = fmt::format("for example {}: {}", key.name, key.example);
    }
    if (missing.empty()) return;
    complaints_.add(owner, fmt::format("the {} lacks {}", record.name, fmt::join(missing, ", "))).hint = hint;
  }

  void choice(const Node& node, const Record& record, Place owner) {
    std::string_view first;
    const std::string all = fmt::format("{}", fmt::join(record.choice->of, ", "));
    for (const Node& key : node.keys) {
      if (std::ranges::find(record.choice->of, key.text) == record.choice->of.end()) continue;
      if (first.empty()) {
        first = record.key(key.text)->name;
      } else if (record.choice->exactly_one) {
        complaints_
            .add(key.place, fmt::format("'{}' cannot stand beside '{}'; the {} has exactly one of {}", key.text, first,
                                        record.name, all))
            .hint = record.choice->hint;
      }
    }
    if (!first.empty() || has_unknown_keys(node, record)) return;
    complaints_.add(owner, fmt::format("the {} needs {} of {}", record.name,
                                       record.choice->exactly_one ? "exactly one" : "at least one", all));
  }

  // What was meant by an unknown key may be what is missing.
  static bool has_unknown_keys(const Node& node, const Record& record) {
    return std::ranges::any_of(node.keys, [&](const Node& key) { return record.key(key.text) == nullptr; });
  }

  static std::string_view item_example(const Shape& item) {
    if (item.map == nullptr) return {};
    if (item.map->name == "fault") return "{on: payments, abort: {status: 503}}";
    if (item.map->name == "expectation") return "{latency: {p99: 250ms}}";
    return {};
  }

  const Record& root_;
  Complaints& complaints_;
};

}  // namespace

void check(Node& root, const Record& record, Complaints& complaints) {
  Checker(record, complaints).map(root, record, root.keys.empty() ? root.place : root.keys.front().place);
}

}  // namespace stormproof::scenarios
