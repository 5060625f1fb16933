// HeadFields: the fields of one head after the other, cut up once for all rules that look at them.
#pragma once

#include <bitset>
#include <string_view>
#include <vector>

namespace stormproof::faults {

class HeadFields {
 public:
  // Of a head as it came: its first line is none, and a line without a colon is none. Views into it are kept.
  void read(std::string_view head);

  // Whether a field of this name, in any case of letters, has a value that matches; the space around it is not looked at.
  bool have(std::string_view name, std::string_view glob) const;

 private:
  struct Field {
    std::string_view name;
    std::string_view value;
  };
  std::vector<Field> fields_;
  std::bitset<64> name_sizes_;  // of the names, the last for all that are longer: most fields asked for are not there
};

}  // namespace stormproof::faults
