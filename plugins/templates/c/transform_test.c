// The transform's own tests, compiled for this machine and without WebAssembly. The functions of the host are played by those below.

#include "transform.c"

#include <stdint.h>
#include <stdio.h>

static uint64_t counted;

void __wasm_import_irongate_transform_counters_add(uint8_t *name, size_t len, int64_t amount) {
  (void)name, (void)len;
  counted += (uint64_t)amount;
}

void __wasm_import_irongate_transform_logging_log(int32_t level, uint8_t *message, size_t len) {
  (void)level, (void)message, (void)len;
}

// Of the object that says to a component what it is.
void __component_type_object_force_link_transform(void) {}

// A transform that keeps state gives these a table of its own.
void __wasm_import_irongate_transform_state_get(uint8_t *key, size_t len, uint8_t *ret) { (void)key, (void)len, (void)ret; }
void __wasm_import_irongate_transform_state_set(uint8_t *key, size_t len, uint8_t *value, size_t bytes, uint8_t *ret) {
  (void)key, (void)len, (void)value, (void)bytes, (void)ret;
}
void __wasm_import_irongate_transform_state_delete(uint8_t *key, size_t len, uint8_t *ret) { (void)key, (void)len, (void)ret; }

#define CHECK(what) \
  if (!(what)) { \
    fprintf(stderr, "transform_test.c:%d: %s does not hold\n", __LINE__, #what); \
    return 1; \
  }

static bool configured_with(const char *configuration) {
  transform_string_t text, error = {0};
  transform_string_dup(&text, configuration);
  bool is_accepted = exports_irongate_transform_guest_configure(&text, &error);
  transform_string_free(&error);
  return is_accepted;
}

int main(void) {
  CHECK(!configured_with("{\"mark\": \"\"}"));
  CHECK(configured_with("{\"mark\": \"seen\"}"));

  exports_irongate_transform_guest_list_input_record_t batch = {calloc(2, sizeof *batch.ptr), 2};
  exports_irongate_transform_guest_list_outcome_t outcomes;
  transform_string_t hello;
  transform_string_dup(&hello, "hello");
  batch.ptr[0].payload.ptr = hello.ptr;
  batch.ptr[0].payload.len = hello.len;
  exports_irongate_transform_guest_transform(&batch, &outcomes);

  CHECK(outcomes.len == 2);
  CHECK(outcomes.ptr[0].tag == IRONGATE_TRANSFORM_TYPES_OUTCOME_EMIT);
  irongate_transform_types_output_record_t *output = outcomes.ptr[0].val.emit.ptr;
  CHECK(output->attributes.len == 1 && output->attributes.ptr[0].f1.len == 4);
  CHECK(memcmp(output->attributes.ptr[0].f1.ptr, "seen", 4) == 0);
  CHECK(output->payload.len == 5 && memcmp(output->payload.ptr, "hello", 5) == 0);
  CHECK(outcomes.ptr[1].tag == IRONGATE_TRANSFORM_TYPES_OUTCOME_DROP);
  CHECK(counted == 1);
  return 0;
}
