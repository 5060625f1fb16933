#include "scenarios/fault_page.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

void insert_before(std::string& text, const std::string& mark, const std::string& what) {
  const std::size_t at = text.find(mark);
  ASSERT_NE(at, std::string::npos);
  text.insert(at, what);
}

TEST(FaultPage, IsTheOneInDocs) {
  std::ifstream file(STORMPROOF_SOURCE_DIR "/docs/faults.md");
  ASSERT_TRUE(file.is_open());
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_TRUE(page.str() == fault_page()) << "print it anew: stormproof schema --faults > docs/faults.md";
}

TEST(FaultPage, EveryExampleIsAFaultThatIsRight) {
  ASSERT_GE(fault_examples().size(), 30U);
  for (const FaultExample& example : fault_examples()) {
    std::string fault = example.yaml;
    if (const std::size_t at = fault.find("payments"); !example.of_process) fault.replace(at, 8, "ledger");
    const std::string list = example.of_process ? "processes: [" : "faults: [";
    std::string text = golden::broken("faults: [{on: ledger, abort: {status: 503}, share: 100%}]", list + fault + "]");
    if (example.key == "tls") insert_before(text, "upstream:", "tls: {authority: a.pem}, ");
    if (example.key == "network")
      insert_before(text, "command:", "network: {harness-address: 10.213.7.1, service-address: 10.213.7.2}, ");
    const std::string messages = golden::messages(text);
    EXPECT_FALSE(messages.contains(" error: ")) << example.key << ": " << messages;
    EXPECT_TRUE(fault_page().contains(example.key)) << example.key;
  }
}

}  // namespace
}  // namespace stormproof::scenarios
