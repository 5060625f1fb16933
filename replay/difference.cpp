#include "replay/difference.h"

namespace stormproof::replay {

std::string_view to_string(Change change) {
  switch (change) {
    case Change::value: return "changed";
    case Change::type: return "another type";
    case Change::missing: return "missing";
    case Change::added: return "added";
    case Change::order: return "another order";
  }
  return "";
}

}  // namespace stormproof::replay
