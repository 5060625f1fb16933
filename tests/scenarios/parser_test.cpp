#include "scenarios/parser.h"
#include <gtest/gtest.h>
#include <iostream>
#include "scenarios/schema.h"
TEST(Parser, Print) {
  if (const char* f = std::getenv("F")) { auto r = stormproof::scenarios::load(f); if (r) std::cout << "OK\n"; else std::cout << render(r.error()); }
  if (std::getenv("S")) std::cout << stormproof::scenarios::schema();
}
