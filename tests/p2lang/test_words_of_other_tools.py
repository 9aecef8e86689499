"""People write the words of the tool that they come from: each is answered with what to write here."""

from __future__ import annotations

import pytest

from p2_compiling import compiled

TABLE_WORDS = """
agg aggregate apply arrange assign astype bind_rows concat cumsum describe diff drop drop_duplicates drop_na dropna
explode fillna full_join gather group_by groupby having iloc inner_join left_join limit loc melt merge mutate nlargest
nsmallest offset order_by pivot pivot_longer pivot_table pivot_wider pull query relocate reset_index resample rolling
sample_frac sample_n set_index slice slice_head slice_max slice_min sort sort_index sort_values spread summarise
summarize tail tally top_n transmute ungroup union_all unique value_counts where
"""
PICTURE_WORDS = """
annotate axhline axvline barh barplot boxplot cmap colorbar contour coord_cartesian coord_equal coord_flip countplot
errorbar facet_grid facet_wrap figure fill_between geom_area geom_bar geom_boxplot geom_col geom_density geom_errorbar
geom_hline geom_jitter geom_line geom_path geom_point geom_polygon geom_raster geom_ribbon geom_smooth geom_step
geom_text geom_tile geom_vline ggplot ggsave ggtitle guides hexbin hist histplot hold imagesc imshow kdeplot key labs
lineplot loglog logscale matshow pairplot pcolormesh pie regplot savefig scale_color_manual scale_fill_viridis_c
scale_x_log10 scatter scatterplot semilogx semilogy set_xlabel set_title stairs subplot subplots suptitle theme_bw
theme_classic theme_minimal tight_layout twinx violinplot xlab xlabel xlim xrange xticks ylab yscale
"""
VALUE_WORDS = """
any average avg case_when cbrt clip coalesce corr cumprod cumsum dense_rank diff dot expm1 gradient greatest hypot
if_else ifelse isna least linspace ln movmean n n_distinct ntile nunique nvl now notna p95 percentile pmax pow rand
range regexp_replace rolling row_number seq shift size split startswith std stdev str_replace strftime substr today
tolower trapz trim trunc var where
"""


def help_of_first_mistake(script: str) -> str:
    found = next(d for d in compiled(script).diagnostics if d.is_error)
    assert found.code.startswith("P2-E02"), found
    return found.help


@pytest.mark.parametrize("word", TABLE_WORDS.split())
def test_a_table_step_of_another_tool_is_answered(word: str) -> None:
    script = f'access("experiment2/run7") | {word}(step) | automatic | handoff'
    assert help_of_first_mistake(script)


@pytest.mark.parametrize("word", PICTURE_WORDS.split())
def test_a_picture_word_of_another_tool_is_answered(word: str) -> None:
    script = f'access("experiment2/run7") | frame | {word}(x=step) | plot | handoff'
    assert help_of_first_mistake(script)


@pytest.mark.parametrize("word", VALUE_WORDS.split())
def test_a_function_of_another_tool_is_answered(word: str) -> None:
    script = f'access("experiment2/run7") | derive(q = {word}(lr)) | automatic | handoff'
    assert help_of_first_mistake(script)


def test_what_belongs_to_the_step_that_is_meant_is_no_second_mistake() -> None:
    script = 'access("experiment2/run7") | arrange(desc(step)) | automatic | handoff'
    errors = [d.code for d in compiled(script).diagnostics if d.is_error]
    assert errors == ["P2-E0202"]
