#include "replay/json_difference.h"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/json.hpp>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "harness/base/seed.h"
#include "replay/alignment.h"

namespace stormproof::replay {
namespace {

namespace json = boost::json;

// Members that name an element among its siblings, the likeliest first.
constexpr std::array<std::string_view, 10> naming_members = {"id",  "_id",  "uuid", "key",  "@id",
                                                             "sku", "code", "name", "href", "@name"};

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  std::uint64_t mix = a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 6) + (a >> 2));
  mix ^= mix >> 32;
  mix *= 0xd6e8feb86659fd93ULL;
  return mix ^ (mix >> 32);
}

double number_of(const json::value& value) {
  return value.is_double()  ? value.get_double()
         : value.is_int64() ? static_cast<double>(value.get_int64())
                            : static_cast<double>(value.get_uint64());
}

bool same_number(const json::value& a, const json::value& b) {
  if (!a.is_double() && !b.is_double()) {
    // An unsigned one that Boost.JSON keeps apart is above every signed one.
    if (a.is_int64() != b.is_int64()) {
      const json::value& signed_one = a.is_int64() ? a : b;
      const json::value& other = a.is_int64() ? b : a;
      return signed_one.get_int64() >= 0 && static_cast<std::uint64_t>(signed_one.get_int64()) == other.get_uint64();
    }
    return a.is_int64() ? a.get_int64() == b.get_int64() : a.get_uint64() == b.get_uint64();
  }
  return number_of(a) == number_of(b);
}

// Whole numbers as they are, large ones too: they are often identifiers.
std::uint64_t number_identity(const json::value& value) {
  if (value.is_int64()) return static_cast<std::uint64_t>(value.get_int64());
  if (value.is_uint64()) return value.get_uint64();
  const double number = value.get_double();
  constexpr double whole_max = 9.2e18;
  if (std::abs(number) < whole_max && number == std::floor(number)) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
  }
  return std::bit_cast<std::uint64_t>(number);
}

// What JSON itself tells apart.
enum class Type : std::uint8_t { null, boolean, number, string, array, object };
Type type_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return Type::null;
    case json::kind::bool_: return Type::boolean;
    case json::kind::string: return Type::string;
    case json::kind::array: return Type::array;
    case json::kind::object: return Type::object;
    default: return Type::number;
  }
}

// A value or a list as text, cut: large ones are not written out first.
template <typename Value>
std::string text_of(const Value& value) {
  json::serializer serializer;
  serializer.reset(&value);
  std::array<char, Difference::text_bytes_max + 1> buffer;
  const auto part = serializer.read(buffer.data(), buffer.size());
  std::string text(part.data(), std::min(part.size(), Difference::text_bytes_max));
  if (part.size() > Difference::text_bytes_max || !serializer.done()) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0x80) text.pop_back();
    text += "…";
  }
  return text;
}

// A range of a list's elements, with where it begins in the list.
struct Part {
  const json::array& list;
  std::size_t begin;
  std::size_t end;
  std::size_t size() const { return end - begin; }
  const json::value& operator[](std::size_t i) const { return list[begin + i]; }
};

std::optional<std::uint64_t> name_in(const json::value& element, std::string_view member) {
  if (!element.is_object()) return std::nullopt;
  const json::value* value = element.get_object().if_contains(json::string_view(member.data(), member.size()));
  if (value == nullptr || value->is_structured() || value->is_null()) return std::nullopt;
  return json_identity(*value);
}

// The elements by their name; absent where one has none, or two have the same.
std::optional<std::unordered_map<std::uint64_t, std::size_t>> named(const Part& part, std::string_view member) {
  std::unordered_map<std::uint64_t, std::size_t> places;
  places.reserve(part.size());
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto name = name_in(part[i], member);
    if (!name || !places.emplace(*name, i).second) return std::nullopt;
  }
  return places;
}

std::vector<std::uint64_t> identities(const Part& part) {
  std::vector<std::uint64_t> all(part.size());
  for (std::size_t i = 0; i < part.size(); ++i) all[i] = json_identity(part[i]);
  return all;
}

class Comparing {
 public:
  Comparing(std::string_view route, const DifferenceRules& rules, std::vector<Difference>& differences)
      : route_(route), rules_(rules), differences_(differences) {}

  void values(const json::value& a, const json::value& b) {
    if (full()) return;
    const Type type = type_of(a);
    if (type != type_of(b)) {
      note(Change::type, &a, &b);
      return;
    }
    switch (type) {
      case Type::object: objects(a.get_object(), b.get_object()); return;
      case Type::array: lists(a.get_array(), b.get_array()); return;
      case Type::number:
        if (!same_number(a, b) && !rules_.within_tolerance(route_, path_, number_of(a), number_of(b)))
          note(Change::value, &a, &b);
        return;
      case Type::string:
        if (a.get_string() != b.get_string()) note(Change::value, &a, &b);
        return;
      case Type::boolean:
        if (a.get_bool() != b.get_bool()) note(Change::value, &a, &b);
        return;
      case Type::null: return;
    }
  }

 private:
  bool full() const { return differences_.size() >= differences_max; }

  template <typename Value>
  void note(Change change, const Value* a, const Value* b) {
    if (full() || rules_.ignores(route_, path_)) return;
    differences_.push_back(
        {change, folded(path_), to_string(path_), a == nullptr ? "" : text_of(*a), b == nullptr ? "" : text_of(*b)});
  }

  template <typename Visit>
  void at(BodyStep step, Visit visit) {
    path_.push_back(step);
    visit();
    path_.pop_back();
  }

  void objects(const json::object& a, const json::object& b) {
    for (const auto& member : a) {
      at({view(member.key()), 0, false}, [&] {
        const json::value* other = b.if_contains(member.key());
        if (other == nullptr) note<json::value>(Change::missing, &member.value(), nullptr);
        else values(member.value(), *other);
      });
    }
    for (const auto& member : b) {
      if (a.contains(member.key())) continue;
      at({view(member.key()), 0, false}, [&] { note<json::value>(Change::added, nullptr, &member.value()); });
    }
  }

  void lists(const json::array& whole_a, const json::array& whole_b) {
    std::size_t begin = 0;
    const std::size_t shorter = std::min(whole_a.size(), whole_b.size());
    while (begin < shorter && same_json(whole_a[begin], whole_b[begin])) ++begin;
    std::size_t tail = 0;
    while (tail < shorter - begin && same_json(whole_a[whole_a.size() - 1 - tail], whole_b[whole_b.size() - 1 - tail]))
      ++tail;
    const Part a{whole_a, begin, whole_a.size() - tail};
    const Part b{whole_b, begin, whole_b.size() - tail};
    if (a.size() == 0 && b.size() == 0) return;
    if (a.size() == 1 && b.size() == 1) {
      element(a, 0, b, 0);
      return;
    }
    const bool unordered = rules_.is_unordered(route_, path_);
    if (by_name(a, b, unordered)) return;
    by_content(a, b, unordered);
  }

  void element(const Part& a, std::size_t i, const Part& b, std::size_t j) {
    at({{}, a.begin + i, true}, [&] { values(a[i], b[j]); });
  }
  void missing(const Part& a, std::size_t i) {
    at({{}, a.begin + i, true}, [&] { note<json::value>(Change::missing, &a[i], nullptr); });
  }
  void added(const Part& b, std::size_t j) {
    at({{}, b.begin + j, true}, [&] { note<json::value>(Change::added, nullptr, &b[j]); });
  }

  bool by_name(const Part& a, const Part& b, bool unordered) {
    for (const std::string_view member : naming_members) {
      const auto in_a = named(a, member);
      if (!in_a) continue;
      const auto in_b = named(b, member);
      if (!in_b) continue;
      const bool meets = std::ranges::any_of(*in_a, [&](const auto& entry) { return in_b->contains(entry.first); });
      if (!meets && a.size() > 0 && b.size() > 0) continue;  // names that are made anew each time name nothing
      compare_named(a, b, *in_a, *in_b, member, unordered);
      return true;
    }
    return false;
  }

  void compare_named(const Part& a, const Part& b, const std::unordered_map<std::uint64_t, std::size_t>& in_a,
                     const std::unordered_map<std::uint64_t, std::size_t>& in_b, std::string_view member,
                     bool unordered) {
    bool in_order = true;
    std::size_t after = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto found = in_b.find(*name_in(a[i], member));
      if (found == in_b.end()) {
        missing(a, i);
        continue;
      }
      in_order = in_order && found->second >= after;
      after = found->second;
      element(a, i, b, found->second);
    }
    for (std::size_t j = 0; j < b.size(); ++j) {
      if (!in_a.contains(*name_in(b[j], member))) added(b, j);
    }
    if (!in_order && !unordered) order(a, b);
  }

  void order(const Part& a, const Part& b) { note(Change::order, &a.list, &b.list); }

  void by_content(const Part& a, const Part& b, bool unordered) {
    auto in_a = identities(a);
    auto in_b = identities(b);
    auto sorted_a = in_a;
    auto sorted_b = in_b;
    std::ranges::sort(sorted_a);
    std::ranges::sort(sorted_b);
    if (sorted_a == sorted_b) {
      if (!unordered) order(a, b);
      return;
    }
    if (unordered) {
      without_order(a, b, in_a, in_b);
      return;
    }
    const auto same = aligned(in_a, in_b, alignment_edits_max);
    std::size_t i = 0;
    std::size_t j = 0;
    if (same) {
      for (const auto& [next_i, next_j] : *same) {
        between(a, i, next_i, b, j, next_j);
        i = next_i + 1;
        j = next_j + 1;
      }
    }
    between(a, i, a.size(), b, j, b.size());
  }

  // What is between two elements that are the same: one by one, then what is left over.
  void between(const Part& a, std::size_t i, std::size_t i_end, const Part& b, std::size_t j, std::size_t j_end) {
    for (; i < i_end && j < j_end; ++i, ++j) element(a, i, b, j);
    for (; i < i_end; ++i) missing(a, i);
    for (; j < j_end; ++j) added(b, j);
  }

  // Equal elements meet wherever they are; the rest one by one.
  void without_order(const Part& a, const Part& b, const std::vector<std::uint64_t>& in_a,
                     const std::vector<std::uint64_t>& in_b) {
    std::unordered_map<std::uint64_t, std::size_t> left;
    for (const std::uint64_t identity : in_b) ++left[identity];
    std::vector<std::size_t> rest_a;
    std::unordered_map<std::uint64_t, std::size_t> taken;
    for (std::size_t i = 0; i < in_a.size(); ++i) {
      const auto found = left.find(in_a[i]);
      if (found == left.end() || found->second == 0) {
        rest_a.push_back(i);
        continue;
      }
      --found->second;
      ++taken[in_a[i]];
    }
    std::size_t next = 0;
    for (std::size_t j = 0; j < in_b.size(); ++j) {
      if (const auto found = taken.find(in_b[j]); found != taken.end() && found->second > 0) {
        --found->second;
        continue;
      }
      if (next < rest_a.size()) element(a, rest_a[next++], b, j);
      else added(b, j);
    }
    for (; next < rest_a.size(); ++next) missing(a, rest_a[next]);
  }

  std::string_view route_;
  const DifferenceRules& rules_;
  std::vector<Difference>& differences_;
  BodyPath path_;
};

}  // namespace

void json_differences(const json::value& baseline, const json::value& candidate, std::string_view route,
                      const DifferenceRules& rules, std::vector<Difference>& differences) {
  Comparing(route, rules, differences).values(baseline, candidate);
}

bool same_json(const json::value& a, const json::value& b) {
  const Type type = type_of(a);
  if (type != type_of(b)) return false;
  switch (type) {
    case Type::null: return true;
    case Type::boolean: return a.get_bool() == b.get_bool();
    case Type::number: return same_number(a, b);
    case Type::string: return a.get_string() == b.get_string();
    case Type::array: {
      const json::array& list_a = a.get_array();
      const json::array& list_b = b.get_array();
      return std::equal(list_a.begin(), list_a.end(), list_b.begin(), list_b.end(), same_json);
    }
    case Type::object: {
      const json::object& object_a = a.get_object();
      const json::object& object_b = b.get_object();
      return object_a.size() == object_b.size() && std::ranges::all_of(object_a, [&](const auto& member) {
               const json::value* other = object_b.if_contains(member.key());
               return other != nullptr && same_json(member.value(), *other);
             });
    }
  }
  return false;
}

std::uint64_t json_identity(const json::value& value) {
  const auto type = static_cast<std::uint64_t>(type_of(value));
  switch (type_of(value)) {
    case Type::null: return mixed(type, 0);
    case Type::boolean: return mixed(type, value.get_bool() ? 1 : 2);
    case Type::number: return mixed(type, number_identity(value));
    case Type::string: return mixed(type, base::identity_of(view(value.get_string())));
    case Type::array: {
      std::uint64_t identity = mixed(type, value.get_array().size());
      for (const json::value& element : value.get_array()) identity = mixed(identity, json_identity(element));
      return identity;
    }
    case Type::object: {
      std::uint64_t sum = 0;  // of its members in any order
      for (const auto& member : value.get_object()) {
        sum += mixed(base::identity_of(view(member.key())), json_identity(member.value()));
      }
      return mixed(type, sum);
    }
  }
  return 0;
}

}  // namespace stormproof::replay
